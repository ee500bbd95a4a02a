"""WCAG 2.2 AA as far as a machine can tell: axe-core with every rule on, and what it can't see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

    Violations = Callable[[Page], list[str]]

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
# The narrowest page of WCAG 1.4.10: 1280 by 1024 CSS pixels at 400 %.
ZOOMED = {"width": 320, "height": 256}
# In this order on one page. What a state adds stays on the page, so that the last look is at all of them.
STATES = {
    "answer": "side effects",
    "clinic and study": "how well does it work",
    "hand-over": "pregnancy",
    "nothing typed": " ",
    "greeting": "hello",
    "988 beside an answer": "suicidal thoughts",
    "emergency": "I can't breathe",
    "crisis": "I want to die",
    "after a crisis": "how long",
}
PAGES = [
    "/source/article",
    "/source/faq#what-are-the-side-effects-of-ketamine-treatment-51e39f",
    "/source/mandal-2019",
    "/source/nothing",
]


def ask(page: Page, question: str) -> None:
    before = page.locator(".kb-answer").count()
    page.get_by_role("textbox", name="Your question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".kb-answer")).to_have_count(before + 1)


def show_all(page: Page) -> None:
    """Unfold everything, and make the window as high as the page, so that nothing lies under the question box."""
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": page.evaluate("innerWidth"), "height": height})


@pytest.fixture
def open_page(browser: Browser, address: str) -> Callable[..., Page]:
    def opened(path: str = "/", size: dict[str, int] = DESK, **options: Any) -> Page:
        page = browser.new_page(viewport=size, **options)  # type: ignore[arg-type]
        page.goto(address + path)
        return page

    return opened


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state_of_the_chat(
    open_page: Callable[..., Page], violations: Violations, scheme: str, size: dict[str, int]
) -> None:
    page = open_page(size=size, color_scheme=scheme)
    expect(page.get_by_role("textbox", name="Your question")).to_be_visible()
    found = {"start": violations(page)}
    for state, question in STATES.items():
        ask(page, question)
        show_all(page)
        found[state] = violations(page)

    assert found == {state: [] for state in ("start", *STATES)}
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_on_the_source_pages(
    open_page: Callable[..., Page], violations: Violations, path: str, scheme: str
) -> None:
    page = open_page(path, color_scheme=scheme)

    assert violations(page) == []
    page.close()


def test_nothing_scrolls_sideways_at_400_percent(open_page: Callable[..., Page]) -> None:
    page = open_page(size=ZOOMED)
    expect(page.get_by_role("textbox", name="Your question")).to_be_visible()
    widths = [page.evaluate("document.documentElement.scrollWidth")]
    for question in STATES.values():
        ask(page, question)
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        widths.append(page.evaluate("document.documentElement.scrollWidth"))

    assert set(widths) == {ZOOMED["width"]}
    # Nothing stays in the way where there is so little room: all of it scrolls.
    assert page.evaluate("getComputedStyle(document.getElementById('composer')).position") == "static"
    assert page.evaluate("getComputedStyle(document.querySelector('.kb-help')).position") == "static"
    page.close()


@pytest.mark.parametrize("path", PAGES)
def test_no_source_page_scrolls_sideways_at_400_percent(open_page: Callable[..., Page], path: str) -> None:
    page = open_page(path, size=ZOOMED)

    assert page.evaluate("document.documentElement.scrollWidth") == ZOOMED["width"]
    page.close()


def test_text_spaced_as_readers_may_set_it_is_not_cut_off(open_page: Callable[..., Page]) -> None:
    page = open_page(size=PHONE)
    ask(page, "how long")
    # The values of WCAG 1.4.12.
    page.evaluate(
        """() => document.querySelectorAll('*').forEach(e => {
            e.style.setProperty('line-height', '1.5', 'important');
            e.style.setProperty('letter-spacing', '.12em', 'important');
            e.style.setProperty('word-spacing', '.16em', 'important');
        })"""
    )

    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.kb-passage, .kb-button, .option, #send, .kb-label')]
            .filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1).map(e => e.outerHTML)"""
    )
    assert cut == []
    page.close()


def test_everything_can_be_done_by_keyboard_alone(open_page: Callable[..., Page]) -> None:
    page = open_page()
    expect(page.get_by_role("textbox", name="Your question")).to_be_visible()
    keys = page.keyboard

    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to the question box")).to_be_focused()
    for name in ("Call (949) 763-3440", "Text (949) 763-3440", "Call 988", "text 988"):
        keys.press("Tab")
        expect(page.get_by_role("link", name=name)).to_be_focused()
    keys.press("Tab")
    expect(page.get_by_role("button", name="What are the side effects of ketamine?")).to_be_focused()
    keys.press("Enter")
    expect(page.locator(".kb-passage")).to_have_count(1)
    box = page.get_by_role("textbox", name="Your question")
    expect(box).to_be_focused()

    keys.type("Is it safe in pregnancy?")
    keys.press("Enter")
    expect(page.locator(".kb-handover")).to_have_count(1)
    expect(box).to_be_focused()
    expect(box).to_have_value("")

    focus_back_to(page, ".kb-related summary")
    keys.press("Enter")
    expect(page.locator(".kb-related .kb-passage")).to_be_visible()
    focus_back_to(page, ".kb-passage:not(.kb-small) .kb-source")
    with page.context.expect_page() as opened:
        keys.press("Enter")
    expect(opened.value.locator(":target")).to_be_in_viewport()
    page.context.close()


def focus_back_to(page: Page, selector: str) -> None:
    """Press Shift+Tab until the element has the focus, looking at every stop that it can be seen."""
    for _ in range(30):
        page.keyboard.press("Shift+Tab")
        stop = page.locator(":focus")
        # Not under the question box, and with an outline that tells where one is (WCAG 2.4.11 and 2.4.7).
        seen = stop.evaluate(
            """e => {
                const {left, top, width, height} = e.getBoundingClientRect();
                const there = document.elementFromPoint(left + Math.min(width / 2, 20), top + height / 2);
                return [e === there || e.contains(there), getComputedStyle(e).outlineStyle !== 'none'];
            }"""
        )
        assert seen == [True, True], stop.evaluate("e => e.outerHTML")
        if stop.evaluate("(e, selector) => e.matches(selector)", selector):
            return
    pytest.fail(f"no way back to {selector}")


def test_the_skip_link_leads_to_the_question_box(open_page: Callable[..., Page]) -> None:
    page = open_page()
    expect(page.get_by_role("textbox", name="Your question")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.get_by_role("textbox", name="Your question")).to_be_focused()
    page.close()


def test_a_new_answer_is_read_once_and_old_ones_are_not_read_again(open_page: Callable[..., Page]) -> None:
    page = open_page()
    log = page.get_by_role("log", name="Conversation")
    expect(log).to_have_attribute("aria-live", "polite")
    ask(page, "side effects")
    # Notes what a screen reader is told of: text put into a live region.
    page.evaluate(
        """() => {
            window.told = [];
            new MutationObserver(records => records.forEach(record => record.addedNodes.forEach(node => {
                const text = node.textContent.trim();
                if (text) window.told.push(text);
            }))).observe(document.querySelector('[role=log]'), {childList: true, subtree: true});
        }"""
    )
    ask(page, "Is it safe in pregnancy?")

    told = page.evaluate("window.told.join('\\n')")
    assert told.count("Our pages say nothing about pregnancy") == 1
    assert told.count("Common side effects") == 1  # in the related passages of the new answer
    page.close()


def test_messages_are_not_named_with_their_markup(open_page: Callable[..., Page]) -> None:
    page = open_page()
    ask(page, "side effects")

    named = page.locator("[role=log] [aria-label]").evaluate_all("all => all.map(e => e.getAttribute('aria-label'))")
    assert [name for name in named if "<" in name] == []
    page.close()


def test_the_highlight_shows_in_forced_colours(open_page: Callable[..., Page]) -> None:
    page = open_page("/source/faq#what-are-the-side-effects-of-ketamine-treatment-51e39f", forced_colors="active")

    background = "e => getComputedStyle(e).backgroundColor"
    assert page.locator(":target").evaluate(background) != page.locator("#text").evaluate(background)
    page.close()


def test_nothing_moves_where_less_motion_is_asked_for(open_page: Callable[..., Page]) -> None:
    page = open_page(reduced_motion="reduce")
    ask(page, "side effects")

    moving = page.evaluate(
        """() => [...document.querySelectorAll('body *')].filter(e => {
            const style = getComputedStyle(e);
            return style.animationName !== 'none' || style.transitionDuration !== '0s';
        }).map(e => e.outerHTML.slice(0, 200))"""
    )
    assert moving == []
    page.close()


def test_the_page_does_not_jump_while_it_loads(open_page: Callable[..., Page]) -> None:
    page = open_page(size=PHONE)
    expect(page.get_by_role("textbox", name="Your question")).to_be_visible()

    shifted = page.evaluate(
        """() => new Promise(done => new PerformanceObserver(list =>
            done(list.getEntries().reduce((sum, entry) => sum + entry.value, 0))
        ).observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done(0), 300))"""
    )
    assert shifted < 0.02
    page.close()


def test_print_shows_the_conversation_without_the_controls(open_page: Callable[..., Page]) -> None:
    page = open_page()
    ask(page, "how long")
    page.emulate_media(media="print")

    expect(page.locator(".kb-passage").first).to_be_visible()
    expect(page.locator("#composer")).to_be_hidden()
    expect(page.get_by_role("button", name="Copy with its source").first).to_be_hidden()
    assert page.locator(".kb-passage").first.evaluate("e => getComputedStyle(e).color") == "rgb(0, 0, 0)"
    page.close()
