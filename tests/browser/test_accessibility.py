"""WCAG 2.2 AA as far as a machine can tell: axe-core with every rule on, and what it can't see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
# The narrowest page of WCAG 1.4.10: 1280 by 1024 CSS pixels at 400 %.
ZOOMED = {"width": 320, "height": 256}
STATES: dict[str, list[str]] = {
    "start": [],
    "answer": ["how long"],
    "study": ["how long", "side effects"],
    "hand-over": ["pregnancy"],
    "concern": ["suicidal thoughts"],
    "crisis": ["I want to die"],
    "after a crisis": ["I want to die", "how long"],
    "emergency": ["I can't breathe"],
    "empty": [" "],
}
PAGES = ["/source/article", "/source/faq#what-are-the-side-effects-of-ketamine-treatment-51e39f", "/source/mandal-2019", "/source/nothing"]  # fmt: skip


def ask(page: Page, question: str) -> None:
    before = page.locator(".kb-answer").count()
    page.get_by_role("textbox", name="Your question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".kb-answer")).to_have_count(before + 1)


def violations(page: Page) -> list[str]:
    """Return what axe-core finds on the page, with every rule on; "incomplete" checks are for people."""
    if not AXE.is_file():
        pytest.fail("axe-core is not installed: run `make setup`, or `npm ci --prefix tests/browser`")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    rules = page.evaluate("Object.fromEntries(axe.getRules().map(rule => [rule.ruleId, {enabled: true}]))")
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, {rules, resultTypes: ['violations']})", rules)
    return [
        f"{violation['id']} ({violation['impact']}): {node['target']}: {node['html'][:160]}: {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@pytest.fixture
def open_page(browser: Browser, address: str) -> Callable[..., Page]:
    def opened(path: str = "/", size: dict[str, int] = DESK, **options: Any) -> Page:
        page = browser.new_page(viewport=size, **options)  # type: ignore[arg-type]
        page.goto(address + path)
        return page

    return opened


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_in_the_chat(
    open_page: Callable[..., Page], state: str, scheme: str, size: dict[str, int]
) -> None:
    page = open_page(size=size, color_scheme=scheme)
    expect(page.get_by_role("textbox", name="Your question")).to_be_visible()
    for question in STATES[state]:
        ask(page, question)
    for folded in page.locator("details").all():
        folded.evaluate("e => { e.open = true; }")

    assert violations(page) == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_on_the_source_pages(open_page: Callable[..., Page], path: str, scheme: str) -> None:
    page = open_page(path, color_scheme=scheme)

    assert violations(page) == []
    page.close()
