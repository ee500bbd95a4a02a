"""Takes a picture of every state of the visitor's page: `python docs/take_screenshots.py`, into docs/screenshots/.

Two widths (1280 and 390 pixels) and both colour schemes, of the real service with a journal of its own. The pictures
are reduced to a few colours, so that they stay small in the repository. Needs an index (`kbot build`) and Debian's
chromium.
"""

from __future__ import annotations

import dataclasses
import io
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from PIL import Image
from playwright.sync_api import sync_playwright

from kbot.service import Service
from kbot.settings import read_settings
from kbot.web.app import create_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = Path(__file__).parent / "screenshots"
CHROMIUM = "/usr/bin/chromium"
COLOURS = 64  # of one picture
SIZES = {"desk": (1280, 800), "phone": (390, 844)}
QUESTIONS = {
    "start": [],
    "answer": ["What are the side effects?"],
    "clinic-and-study": ["Is ketamine safe?"],
    "988-beside-an-answer": ["Does ketamine help with suicidal thoughts?"],
    "handed-over": ["Is ketamine safe during pregnancy?"],
    "personal-advice": ["Should I stop taking my antidepressant?"],
    "crisis": ["I want to die"],
    "after-a-crisis": ["I want to die", "How many ketamine treatments are needed for depression?"],
    "spanish-start": [],
    "spanish-answer": ["What are the side effects?"],
    "emergency": ["My chest hurts and I can't breathe"],
}
PAGES = {
    "source-passage": "/source/article#iv-ketamine-infusion-therapy-9a5473",
    "source-top": "/source/article",
    "source-study": "/source/wilkinson-2018",
    "not-found": "/source/nothing",
}


def main() -> int:
    """Take all pictures, or those of the states named as arguments."""
    wanted = set(sys.argv[1:])
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        service = Service.open(dataclasses.replace(read_settings(), journal=str(Path(folder) / "journal.db")))
        _take_all(service, wanted)
        service.close()
    return 0


def _take_all(service: Service, wanted: set[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, sync_playwright() as playwright:
        server = uvicorn.Server(uvicorn.Config(create_app(service), log_level="error"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for scheme in ("light", "dark"):
            for size in SIZES:
                for state in [*QUESTIONS, *PAGES]:
                    if not wanted or state in wanted:
                        _take(browser, address, state, size, scheme)
        browser.close()
        server.should_exit = True
        thread.join(30)


def _take(browser: Browser, address: str, state: str, size: str, scheme: str) -> None:
    width, height = SIZES[size]
    language = "es-US" if state.startswith("spanish") else "en-US"
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, locale=language)  # type: ignore[arg-type]
    page.goto(address + PAGES.get(state, "/"))
    if state in QUESTIONS:
        page.locator("#question textarea").wait_for()
        for question in QUESTIONS[state]:
            _ask(page, question)
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(FOLDER / f"{state}-{size}-{scheme}.png", optimize=True)
    page.close()


def _ask(page: Page, question: str) -> None:
    count = page.locator(".kb-answer").count()
    page.locator("#question textarea").fill(question)
    page.keyboard.press("Enter")
    page.locator(".kb-answer").nth(count).wait_for()


if __name__ == "__main__":
    sys.exit(main())
