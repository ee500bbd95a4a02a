"""Signing in to the staff page, by keyboard, with a real browser."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import expect

from kbot.accounts.file import AccountsFile
from kbot.web.staff.sign_in import WRONG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.sync_api import Browser, Page
    from tests.conftest import ScriptedService

    from kbot.service import Service

    Violations = Callable[[Page], list[str]]

PASSWORD = "four lamps on a hill"  # noqa: S105  of a test
ZOOMED = {"width": 320, "height": 256}
TIMEOUT_MS = 20_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("staff")
    AccountsFile(made).add("ada", PasswordHasher(1, 8, 1).hash(PASSWORD), now=1.0)
    return made


@pytest.fixture(scope="module")
def staff_address(
    scripted: ScriptedService, folder: Path, serve: Callable[[Service], AbstractContextManager[str]]
) -> Iterator[str]:
    settings = replace(scripted.settings, staff=str(folder), journal="off")
    with serve(type(scripted)(settings)) as where:
        yield where


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    """A page in a profile of its own. A browser notes a refused sign-in on its console, so that isn't looked at."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(TIMEOUT_MS)
    yield context.new_page()
    context.close()


def sign_in(page: Page, password: str = PASSWORD) -> None:
    expect(page.get_by_label("Name")).to_be_focused(timeout=TIMEOUT_MS)
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def end_sessions(folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / "sign-in.db")) as state, state:
        state.execute("UPDATE session SET seen = seen - 7200")


def test_staff_sign_in_and_out_by_keyboard(visitor: Page, staff_address: str) -> None:
    said: list[str] = []
    visitor.on("console", lambda message: said.append(message.text))
    visitor.goto(f"{staff_address}/staff")
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Staff sign-in")
    expect(visitor.get_by_label("Name")).to_be_focused()
    sign_in(visitor)

    expect(visitor.get_by_text("Signed in as ada")).to_be_visible(timeout=TIMEOUT_MS)
    assert visitor.url == f"{staff_address}/staff/"
    expect(visitor.get_by_role("tab").first).to_be_visible(timeout=TIMEOUT_MS)
    visitor.wait_for_load_state("networkidle")
    assert [text for text in said if "Security Policy" in text] == []
    out = visitor.get_by_role("button", name="Sign out")
    for _ in range(10):
        visitor.keyboard.press("Tab")
        if out.evaluate("e => e === document.activeElement"):
            break
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_role("status")).to_have_text("You are signed out.")
    visitor.go_back()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Staff sign-in")


def test_a_wrong_password_is_said_aloud_and_nothing_is_filled_in(visitor: Page, staff_address: str) -> None:
    visitor.goto(f"{staff_address}/staff/sign-in")
    sign_in(visitor, "four lamps on a hull")

    expect(visitor.get_by_role("alert")).to_have_text(WRONG)
    name = visitor.get_by_label("Name")
    expect(name).to_be_focused()
    expect(name).to_have_value("")
    expect(name).to_have_accessible_description(
        "That name and password don’t belong together. Check both, and try again."
    )
    sign_in(visitor)
    expect(visitor.get_by_text("Signed in as ada")).to_be_visible(timeout=TIMEOUT_MS)


def test_a_session_that_has_ended_leads_back_to_the_form(visitor: Page, staff_address: str, folder: Path) -> None:
    visitor.goto(f"{staff_address}/staff/")
    sign_in(visitor)
    tabs = visitor.get_by_role("tab")
    expect(tabs.first).to_be_visible(timeout=TIMEOUT_MS)
    visitor.wait_for_load_state("networkidle")
    end_sessions(folder)
    # What the page asks for next is refused, and it leaves what it showed.
    visitor.evaluate("() => { fetch('gradio_api/info'); }")  # not waited for: the page goes away meanwhile

    expect(visitor.get_by_role("status")).to_contain_text("your session has ended")
    expect(visitor.get_by_label("Name")).to_be_focused()


def test_a_page_that_nobody_uses_leaves_by_itself(visitor: Page, staff_address: str, folder: Path) -> None:
    visitor.clock.install()
    visitor.goto(f"{staff_address}/staff/")
    sign_in(visitor)
    expect(visitor.get_by_text("Signed in as ada")).to_be_visible(timeout=TIMEOUT_MS)
    visitor.wait_for_load_state("networkidle")
    end_sessions(folder)
    visitor.clock.fast_forward("31:00")

    expect(visitor.get_by_role("status")).to_contain_text("your session has ended")


def test_the_visitors_page_gets_no_cookie_of_staff(visitor: Page, staff_address: str) -> None:
    visitor.goto(f"{staff_address}/staff/")
    sign_in(visitor)
    expect(visitor.get_by_text("Signed in as ada")).to_be_visible(timeout=TIMEOUT_MS)
    (cookie,) = visitor.context.cookies(f"{staff_address}/staff/")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/staff")
    assert visitor.context.cookies(staff_address) == []
    assert visitor.evaluate("document.cookie") == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_form(
    browser: Browser, staff_address: str, violations: Violations, scheme: str
) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": 390, "height": 844})  # type: ignore[arg-type]
    page.goto(f"{staff_address}/staff/sign-in?why=ended")
    found = {"form": violations(page)}
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    found["wrong password"] = violations(page)
    page.set_viewport_size({"width": ZOOMED["width"], "height": ZOOMED["height"]})

    assert found == {"form": [], "wrong password": []}
    assert page.evaluate("document.documentElement.scrollWidth") == ZOOMED["width"]
    page.close()
