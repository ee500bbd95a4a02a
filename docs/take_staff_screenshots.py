"""Takes pictures of the staff page: `python docs/take_staff_screenshots.py`, into docs/screenshots/staff-*.png.

Of the real service over a demo journal that it makes for itself, as `kbot demo-journal` does: the same seed and the
same last day give the same pictures. Needs an index (`kbot build`) and Debian's chromium.
"""

from __future__ import annotations

import dataclasses
import datetime
import io
import secrets
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from argon2 import PasswordHasher
from PIL import Image
from playwright.sync_api import sync_playwright

from kbot.accounts.file import AccountsFile
from kbot.coverage.demo import SEED, make_demo
from kbot.journal.store import Journal
from kbot.service import Service
from kbot.settings import Settings, read_settings
from kbot.web.app import create_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = Path(__file__).parent / "screenshots"
CHROMIUM = "/usr/bin/chromium"
COLOURS = 128  # of one picture
SIZES = {"desk": (1280, 1000), "phone": (390, 844)}
# (picture, tab, size, scheme): few, since every one is kept in the repository.
PICTURES = [
    ("overview", "Overview", "desk", "light"),
    ("overview", "Overview", "desk", "dark"),
    ("overview", "Overview", "phone", "light"),
    ("gaps", "What to write next", "desk", "light"),
    ("questions", "Questions", "desk", "light"),
    ("map", "Topic map", "desk", "light"),
    ("documents", "Documents", "desk", "light"),
    ("ask", "Ask as a visitor", "desk", "light"),
    ("audit", "Audit", "desk", "light"),
    ("checklist", "Checklist", "desk", "light"),
]
READY = {
    "Overview": ".js-plotly-plot .bars",
    "What to write next": ".ks-gap h3",
    "Questions": ".ks-entry",
    "Topic map": ".kt-map .annotation",
    "Documents": ".kt-document",
    "Checklist": ".kt-checklist",
    "Ask as a visitor": ".kt-trace",
    "Audit": ".kt-audit",
}
BUTTONS = {"Checklist": "Check all topics", "Ask as a visitor": "Show every step", "Audit": "Audit the corpus"}
SCROLLED = {"Documents": ".kt-document"}  # what a picture begins with, where that isn't the top
ASKED = "Is ketamine safe during pregnancy?"
NAME = "demo"


def main() -> int:
    """Take all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        settings = dataclasses.replace(
            read_settings(), journal=str(place / "journal.db"), staff=str(place / "staff"), root_path=""
        )
        service = Service.open(settings)
        _fill(settings, service)
        password = secrets.token_urlsafe(16)
        AccountsFile(place / "staff").add(NAME, PasswordHasher().hash(password), now=0.0)
        _take_all(service, password)
        service.close()
    return 0


def _fill(settings: Settings, service: Service) -> None:
    today = datetime.datetime.now(tz=datetime.UTC).date()
    entries, urgent = make_demo(service.index, lambda question: service.bot.ask([question]), today, seed=SEED)
    journal = Journal.open(settings.journal)
    journal.fill(entries, urgent)
    journal.close()


def _take_all(service: Service, password: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, sync_playwright() as playwright:
        server = uvicorn.Server(uvicorn.Config(create_app(service), log_level="error"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/staff/"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for name, tab, size, scheme in PICTURES:
            page = _enter(browser, address, password, size, scheme)
            _take(page, FOLDER / f"staff-{name}-{size}-{scheme}.png", tab)
        browser.close()
        server.should_exit = True
        thread.join(30)


def _enter(browser: Browser, address: str, password: str, size: str, scheme: str) -> Page:
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    page.set_default_timeout(300_000)
    page.goto(address)
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    return page


def _take(page: Page, file: Path, tab: str) -> None:
    page.locator(READY["Overview"]).first.wait_for()
    page.get_by_role("tab", name=tab).click()
    if tab == "Ask as a visitor":
        page.get_by_label("Question", exact=True).fill(ASKED)
    if tab in BUTTONS:
        page.get_by_role("button", name=BUTTONS[tab]).click()
    page.locator(READY[tab]).first.wait_for()
    if tab == "Questions":
        page.get_by_label("Answered, but barely, open").check()
        page.get_by_role("heading", name="Questions 1 to").wait_for()
        page.wait_for_load_state("networkidle")
        page.locator(".ks-entry summary").first.click()
    if tab in SCROLLED:
        page.locator(SCROLLED[tab]).first.evaluate("part => part.scrollIntoView()")
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(file, optimize=True)
    page.close()


if __name__ == "__main__":
    sys.exit(main())
