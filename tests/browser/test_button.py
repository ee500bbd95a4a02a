"""The chat's button on a website of another origin, whose policy and styles are as unfriendly as they may be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from playwright.sync_api import Browser, Page
    from tests.browser.conftest import Website
    from tests.conftest import ScriptedService

    from kbot.service import Service

PAGE = """<!doctype html><html lang="en"><head><title>A clinic</title><link rel="icon" href="data:,">
<style nonce="styles">
* {{ color: rgb(255, 0, 0) !important; font-size: 40px !important; text-transform: uppercase !important }}
button, dialog, kbot-chat {{ display: none !important; visibility: hidden !important }}</style>
<script src="{kbot}/embed.js" defer></script></head>
<body><main><h1>A clinic</h1><p>Text. <a href="/">A link</a></p></main></body></html>"""
POLICY = (
    "default-src 'none'; script-src {kbot}/embed.js; frame-src {kbot}; style-src 'nonce-styles'; img-src data:; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


@pytest.fixture(scope="module")
def places(
    scripted: ScriptedService,
    serve: Callable[[Service], AbstractContextManager[str]],
    open_website: Callable[[], AbstractContextManager[Website]],
) -> Iterator[tuple[str, str]]:
    """Return the addresses of the website and of kbot, on two ports: two origins."""
    with open_website() as site:
        service = type(scripted)(replace(scripted.settings, allowed_origins=site.address))
        with serve(service) as kbot:
            site.pages["/"] = PAGE.format(kbot=kbot)
            # Without the styles, which axe-core would blame.
            site.pages["/plain"] = site.pages["/"].replace('nonce="styles"', 'media="not all"')
            site.policy = POLICY.format(kbot=kbot)
            yield site.address, kbot


def active(page: Page) -> str:
    """Return the id or the name of the element with the focus, looking into the button's shadow tree."""
    name: str = page.evaluate(
        """() => {
            const inside = document.querySelector("kbot-chat").shadowRoot.activeElement;
            const element = inside || document.activeElement;
            return element.id || element.localName;
        }"""
    )
    return name


def test_a_visitor_asks_on_a_website_with_a_strict_policy(page: Page, places: tuple[str, str]) -> None:
    site, kbot = places
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(site)
    button = page.get_by_role("button", name="Ask a question")
    expect(button).to_be_visible()
    # A page view alone tells kbot no more than that its script was loaded.
    assert [url for url in requests if url.startswith(kbot)] == [f"{kbot}/embed.js"]

    button.click()
    chat = page.frame_locator("iframe")
    box = chat.get_by_role("textbox", name="Your question")
    box.fill("side effects")
    box.press("Enter")
    expect(chat.locator(".kb-passage")).to_have_count(1)

    # The conversation is still there after the dialog was closed and opened again.
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    button.click()
    expect(chat.locator(".kb-passage")).to_have_count(1)
    assert {url.split("/")[2] for url in requests} == {site.split("/")[2], kbot.split("/")[2]}


def test_the_websites_styles_stay_out_and_ours_stay_in(page: Page, places: tuple[str, str]) -> None:
    page.goto(places[0])
    button = page.get_by_role("button", name="Ask a question")

    look = "e => [getComputedStyle(e).color, getComputedStyle(e).fontSize, getComputedStyle(e).textTransform]"
    assert button.evaluate(look) == ["rgb(255, 255, 255)", "16px", "none"]
    assert page.locator("h1").evaluate(look) == ["rgb(255, 0, 0)", "40px", "uppercase"]
    assert page.evaluate("document.adoptedStyleSheets.length") == 0


def test_the_dialog_is_used_by_keyboard_alone(page: Page, places: tuple[str, str]) -> None:
    page.goto(places[0])
    page.get_by_role("button", name="Ask a question").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Ask Asana Recovery")
    expect(dialog).to_be_visible()
    assert active(page) == "close"
    expect(page.frame_locator("iframe").get_by_role("textbox", name="Your question")).to_be_visible()

    # All the way round, more often than the chat has stops: the focus never gets to the website's own link.
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.add(active(page))
    assert {"iframe", "close"} <= seen
    assert seen <= {"iframe", "close", "a", "body"}
    assert page.evaluate("document.querySelector('main a').matches(':focus')") is False

    page.get_by_role("button", name="Close").focus()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert active(page) == "open"


def test_escape_closes_the_dialog_from_within_the_chat(page: Page, places: tuple[str, str]) -> None:
    page.goto(places[0])
    page.get_by_role("button", name="Ask a question").click()
    box = page.frame_locator("iframe").get_by_role("textbox", name="Your question")
    box.focus()
    box.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()
    assert active(page) == "open"


def test_a_message_of_another_window_closes_nothing(page: Page, places: tuple[str, str]) -> None:
    page.goto(places[0])
    page.get_by_role("button", name="Ask a question").click()
    expect(page.frame_locator("iframe").get_by_role("textbox", name="Your question")).to_be_visible()
    page.evaluate("new Promise(done => { addEventListener('message', done); postMessage('kbot:close', '*'); })")

    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_phone_gives_the_chat_its_whole_screen(page: Page, places: tuple[str, str]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(places[0])
    page.get_by_role("button", name="Ask a question").click()

    assert page.get_by_role("dialog").bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_button_and_the_dialog(
    browser: Browser, places: tuple[str, str], violations: Callable[[Page], list[str]], scheme: str
) -> None:
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(places[0] + "/plain")
    found = violations(page)
    page.get_by_role("button", name="Ask a question").click()
    expect(page.frame_locator("iframe").get_by_role("textbox", name="Your question")).to_be_visible()

    assert found + violations(page) == []
    page.close()


def test_a_website_that_is_not_allowed_gets_no_chat(
    browser: Browser, places: tuple[str, str], open_website: Callable[[], AbstractContextManager[Website]]
) -> None:
    _, kbot = places
    with open_website() as other:
        other.pages["/"] = PAGE.format(kbot=kbot)
        other.policy = POLICY.format(kbot=kbot)
        page = browser.new_page()
        page.goto(other.address)
        with page.expect_event("console", lambda message: "frame-ancestors" in message.text):
            page.get_by_role("button", name="Ask a question").click()
        page.close()


def test_a_spanish_browser_gets_a_spanish_button(browser: Browser, places: tuple[str, str]) -> None:
    page = browser.new_page(locale="es-MX")
    page.goto(places[0])

    expect(page.get_by_role("button", name="Haga una pregunta")).to_be_visible()
    page.close()
