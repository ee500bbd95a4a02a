from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route
    from tests.conftest import ScriptedService


def test_a_question_that_does_not_get_through_shows_whom_to_call(browser: Browser, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    box = page.get_by_role("textbox", name="Your question")
    context.route("**/gradio_api/run/**", lambda route: route.abort())
    box.fill("side effects")
    box.press("Enter")

    notice = page.get_by_role("alert").filter(has_text="did not get through")
    expect(notice).to_be_visible()
    expect(notice.get_by_role("link", name="(949) 763-3440")).to_have_attribute("href", "tel:+19497633440")
    expect(box).to_have_value("side effects")

    context.unroute("**/gradio_api/run/**")
    box.press("Enter")
    expect(page.locator(".kb-passage")).to_have_count(1)
    expect(notice).to_be_hidden()
    context.close()


def test_a_slow_answer_says_that_it_is_being_looked_for(browser: Browser, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    held: list[Route] = []
    context.route("**/gradio_api/run/**", lambda route: held.append(route))  # noqa: PLW0108  Playwright marks it
    page.get_by_role("textbox", name="Your question").fill("side effects")
    page.keyboard.press("Enter")
    waiting = page.get_by_text("Looking through our pages")
    expect(waiting).to_be_visible()
    held[0].continue_()

    expect(page.locator(".kb-passage")).to_have_count(1)
    expect(waiting).to_be_hidden()
    context.close()


def test_a_failure_inside_shows_whom_to_call(browser: Browser, address: str, scripted: ScriptedService) -> None:
    page = browser.new_page()
    page.goto(address)
    page.get_by_role("textbox", name="Your question").fill("break down")
    page.keyboard.press("Enter")

    expect(page.locator(".kb-answer")).to_contain_text("I can't look this up right now")
    assert scripted.asked[-1] == ("break down",)
    page.close()


def test_without_javascript_people_and_pages_are_there(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)

    expect(page.get_by_role("link", name="Call (949) 763-3440")).to_be_visible()
    page.get_by_role("link", name="Frequently Asked Questions (FAQs)").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Frequently Asked Questions (FAQs)")
    page.goto(f"{address}/source/faq#what-are-the-side-effects-of-ketamine-treatment-51e39f")
    expect(page.locator(":target")).to_be_in_viewport()
    context.close()
