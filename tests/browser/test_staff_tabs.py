"""The staff's tabs on one question, documents, topics and the audit, with a real browser."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import expect

from kbot.accounts.file import AccountsFile
from kbot.journal.entries import JournalEntry, ShownScore
from kbot.journal.store import Journal
from kbot.records import Document, Kind, Outcome, Reason
from kbot.service import Service
from kbot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from playwright.sync_api import Browser, Page

    Violations = Callable[[Page], list[str]]

expect.set_options(timeout=30_000)  # this machine may be busy
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PAGE = """# Harbour FAQ

## How long does a session take?

A session takes **forty minutes**.

## What are the side effects?

- Nausea and dizziness are common side effects.
- A dry mouth is rare.
"""
TOPICS = {
    "length": (["how long does a session take", "session length"], ["A session takes **forty minutes**."]),
    "pregnancy": (["is it safe during pregnancy", "pregnant women"], []),
}
CORPUS = Path(__file__).parent.parent.parent / "corpus"


@pytest.fixture(scope="module")
def board(
    handmade: Any, tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Service], AbstractContextManager[str]]
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("tabs")
    AccountsFile(folder / "staff").add("ada", PasswordHasher(1, 8, 1).hash("four lamps on a hill"), now=1.0)
    index = handmade(Document("faq", "Harbour FAQ", Kind.CLINIC_FAQ, PAGE, 0, "faq.md"), topics=TOPICS)
    noon = datetime.datetime.combine(datetime.datetime.now(tz=datetime.UTC).date(), datetime.time(), datetime.UTC)
    first = next(iter(index.passages))
    questions = [("session length", Outcome.ANSWER)] * 3 + [("pregnant women", Outcome.CLINICIAN)] * 2
    entries = [
        JournalEntry(
            id=number, time=noon, channel="chat", question=question, outcome=outcome,
            reason=Reason.NOT_COVERED if outcome is Outcome.CLINICIAN else None, missing=(),
            passages=(ShownScore(first, 0.9),) if outcome is Outcome.ANSWER else (), confidence=0.9,
            build="handmade", elapsed_ms=4.0,
        )
        for number, (question, outcome) in enumerate(questions, start=1)
    ]  # fmt: skip
    settings = Settings(
        corpus=CORPUS, journal=str(folder / "journal.db"), staff=str(folder / "staff"), staff_header="X-Staff",
        trusted_proxies="127.0.0.1",
    )  # fmt: skip
    journal = Journal.open(settings.journal)
    journal.fill(entries, [])
    journal.close()
    with serve(Service(settings, index)) as where:
        yield where


@pytest.fixture
def open_board(browser: Browser, board: str) -> Iterator[Callable[..., Page]]:
    """What opens the staff page. A word on its console fails the test: errors, CSP, missing files."""
    said: list[str] = []
    opened: list[Page] = []

    def open_it(size: dict[str, int] = DESK, **options: Any) -> Page:
        page = browser.new_page(viewport=size, extra_http_headers={"X-Staff": "ada"}, **options)  # type: ignore[arg-type]
        page.set_default_timeout(30_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{board}/staff/")
        opened.append(page)
        return page

    yield open_it
    for page in opened:
        page.close()
    assert said == []


def follow(page: Page, question: str = "is it safe during pregnancy") -> None:
    page.get_by_role("tab", name="Ask as a visitor").click()
    page.get_by_label("Question", exact=True).fill(question)
    page.get_by_role("button", name="Show every step").click()
    expect(page.locator(".kt-trace")).to_be_visible()


def show_documents(page: Page) -> None:
    page.get_by_role("tab", name="Documents").click()
    expect(page.locator(".kt-document")).to_be_visible()


def check_topics(page: Page) -> None:
    page.get_by_role("tab", name="Checklist").click()
    page.get_by_role("button", name="Check all topics").click()
    expect(page.locator(".kt-checklist")).to_be_visible(timeout=90_000)


def draw_map(page: Page) -> None:
    page.get_by_role("tab", name="Topic map").click()
    expect(page.locator(".kt-map .annotation").first).to_be_visible(timeout=90_000)


def audit(page: Page) -> None:
    page.get_by_role("tab", name="Audit").click()
    page.get_by_role("button", name="Audit the corpus").click()
    expect(page.locator(".kt-audit")).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_of_the_tabs(
    open_board: Callable[..., Page], violations: Violations, scheme: str, size: dict[str, int]
) -> None:
    page = open_board(size, color_scheme=scheme)
    found = {}
    for show in (follow, show_documents, check_topics, draw_map, audit):
        show(page)
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        page.mouse.move(0, 0)
        found[show.__name__] = violations(page)

    assert found == {show.__name__: [] for show in (follow, show_documents, check_topics, draw_map, audit)}


@pytest.mark.parametrize("width", [390, 320])
def test_no_tab_scrolls_sideways(open_board: Callable[..., Page], width: int) -> None:
    page = open_board({"width": width, "height": 800})
    widths = []
    for show in (follow, show_documents, check_topics, draw_map, audit):
        show(page)
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        widths.append(page.evaluate("document.documentElement.scrollWidth"))

    assert widths == [width] * 5


def test_a_question_is_followed_by_keyboard_alone(open_board: Callable[..., Page]) -> None:
    page = open_board()
    page.get_by_role("tab", name="Overview").focus()
    page.keyboard.press("Tab")
    page.get_by_role("tab", name="Ask as a visitor").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Question", exact=True).focus()
    page.keyboard.type("session length")
    page.keyboard.press("Enter")

    expect(page.locator("#conversation .kb-passage")).to_have_count(1)
    expect(page.get_by_role("heading", name="6. The gate")).to_be_visible()


def test_the_card_looks_as_it_does_for_visitors(open_board: Callable[..., Page], board: str) -> None:
    page = open_board()
    follow(page, "session length")
    looks = """e => {
        const {borderRadius, padding, backgroundColor, color, fontSize} = getComputedStyle(e);
        return [borderRadius, padding, backgroundColor, color, fontSize];
    }"""
    parts = (".kb-message", ".kb-passage", ".kb-heading", "mark", ".kb-kind", ".kb-label", ".kb-source")
    ours = [page.locator(f"#conversation {part}").first.evaluate(looks) for part in parts]
    page.goto(board)
    page.get_by_role("textbox", name="Your question").fill("session length")
    page.keyboard.press("Enter")
    expect(page.locator("#conversation .kb-passage")).to_have_count(1)

    theirs = [page.locator(f"#conversation {part}").first.evaluate(looks) for part in parts]
    assert ours == theirs


def test_a_crisis_that_is_followed_stays_nowhere_in_the_browser(open_board: Callable[..., Page]) -> None:
    page = open_board()
    follow(page, "I want to kill myself")

    expect(page.locator("#conversation .kb-urgent")).to_be_visible()
    assert page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])").count("kill") == 0


def test_a_passage_opens_its_figures_by_click_and_by_keyboard(open_board: Callable[..., Page]) -> None:
    page = open_board()
    show_documents(page)
    first, second = page.locator(".kt-note-of").first, page.locator(".kt-note-of").nth(1)

    page.get_by_text("forty minutes").click()
    expect(first.get_by_text("Shown 3 times in this period.")).to_be_visible()
    expect(first.locator("summary")).to_be_focused()
    page.keyboard.press("Tab")
    expect(first.get_by_role("link").first).to_be_focused()
    page.keyboard.press("Tab")
    expect(second.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(second.get_by_text("No topic of the question bank quotes it.")).to_be_visible()


def middle_of(page: Page, selector: str, number: int) -> tuple[float, float]:
    """Return where the middle of an element is in the window, once it was scrolled into it."""
    part = page.locator(selector).nth(number)
    part.scroll_into_view_if_needed()
    box = part.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_number_and_a_point_of_the_map_lead_to_their_subject(open_board: Callable[..., Page]) -> None:
    page = open_board()
    draw_map(page)
    subjects = page.locator(".kt-subjects details")

    # Plotly's own layers lie above what it draws, so the pointer goes to where it stands.
    page.mouse.click(*middle_of(page, ".kt-map .annotation text", 1))
    expect(subjects.nth(1)).to_have_attribute("open", "")
    expect(subjects.nth(1).locator("summary")).to_be_focused()
    page.mouse.move(*middle_of(page, ".kt-map .scatterlayer .point", 0))
    expect(page.locator(".kt-map .hovertext").first).to_contain_text("session length")
    page.mouse.down()
    page.mouse.up()
    expect(subjects.first).to_have_attribute("open", "")


def test_a_passage_and_a_subject_lead_to_their_questions_and_back_to_all(open_board: Callable[..., Page]) -> None:
    page = open_board()
    show_documents(page)
    page.get_by_text("forty minutes").click()
    page.locator(".kt-note-of").first.get_by_role("link", name="See the questions").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Questions 1 to 3 of 3, the newest first")).to_be_visible()
    expect(page.get_by_text("Only questions whose answer showed this passage")).to_be_visible()
    expect(page.get_by_role("tab", name="Questions")).to_be_focused()

    draw_map(page)
    page.get_by_text("2. pregnant women").click()
    page.get_by_role("link", name="See these questions one by one").click()
    expect(page.get_by_role("heading", name="Questions 1 to 2 of 2, the newest first")).to_be_visible()
    page.get_by_role("button", name="Show all questions").click()
    expect(page.get_by_role("heading", name="Questions 1 to 5 of 5, the newest first")).to_be_visible()
    expect(page.get_by_text("that you came from")).to_be_hidden()


def test_an_address_opens_one_entry(open_board: Callable[..., Page], board: str) -> None:
    page = open_board()
    page.goto(f"{board}/staff/?entries=4")

    expect(page.get_by_text("Only entry 4.")).to_be_visible()
    expect(page.locator(".ks-entry[open] .ks-question")).to_have_text("pregnant women")


def test_topics_are_filtered_by_state(open_board: Callable[..., Page]) -> None:
    page = open_board()
    check_topics(page)
    page.get_by_role("radio", name="Not covered").click()

    expect(page.locator(".kt-checklist tbody tr")).to_have_count(1)
    expect(page.locator(".kt-checklist tbody tr")).to_contain_text("write about pregnancy")
