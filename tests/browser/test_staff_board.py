"""The staff's everyday tabs in a real Chromium: signed in by the form, over a journal of a few questions."""

from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import expect

from kbot.accounts.file import AccountsFile
from kbot.journal.entries import JournalEntry, ShownScore, UrgentCount
from kbot.journal.store import Journal
from kbot.records import Document, Kind, Outcome, Reason
from kbot.service import Service
from kbot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page, Route

PASSWORD = "four lamps on a hill"  # noqa: S105  of a test
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script> is that safe?"
PAGE = "# FAQ\n\n## How long does it take?\n\nA session takes forty minutes.\n"
TOPICS = {"length": (["how long does it take"], ["A session takes forty minutes."])}
expect.set_options(timeout=30_000)  # this machine may be busy
TABS = ("Overview", "What to write next", "Questions")
SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def board(handmade: Any, serve: Callable[[Service], Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a staff page over a demo journal: 24 answered questions, one a day; then five unanswered."""
    folder = tmp_path_factory.mktemp("board")
    index = handmade(Document("faq", "FAQ", Kind.CLINIC_FAQ, PAGE, 0, "faq.md"), topics=TOPICS)
    settings = Settings(corpus=folder, journal=str(folder / "journal.db"), staff=str(folder / "staff"))
    AccountsFile(folder / "staff").add("ada", PasswordHasher(1, 8, 1).hash(PASSWORD), now=1.0)
    now = datetime.datetime.now(tz=datetime.UTC)
    shown = (ShownScore(next(iter(index.passages)), 0.9),)
    base = JournalEntry(0, now, "chat", "how long?", Outcome.ANSWER, None, (), shown, 0.9, "b", 5.0)
    entries = [
        dataclasses.replace(base, time=now - datetime.timedelta(days=at, minutes=5), helpful=at != 3)
        for at in range(24)
    ]
    lacking = dataclasses.replace(
        base, outcome=Outcome.CLINICIAN, reason=Reason.NOT_COVERED, passages=(), confidence=0.1, missing=("parking",)
    )
    asked = [HOSTILE, "is there parking?", "where do I park", "parking", "can I park a truck"]
    entries += [
        dataclasses.replace(lacking, question=question, time=now - datetime.timedelta(minutes=at))
        for at, question in enumerate(asked)
    ]
    journal = Journal.open(settings.journal)
    journal.fill(entries, [UrgentCount(now.date(), Outcome.CRISIS, 1)])
    journal.close()
    with serve(Service(settings, index)) as address:
        yield f"{address}/staff/"


def enter(page: Page, board: str, tab: str = "Overview") -> None:
    page.goto(board)
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    # Plotly's script has several megabytes, and this machine may be busy.
    expect(page.locator(".js-plotly-plot .bars").first).to_be_visible(timeout=60_000)
    show(page, tab)


def show(page: Page, tab: str) -> None:
    page.get_by_role("tab", name=tab).click()
    first = {"Overview": ".js-plotly-plot .bars", "What to write next": ".ks-gap h3", "Questions": ".ks-entry"}[tab]
    expect(page.locator(first).first).to_be_visible()
    page.mouse.move(0, 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_everyday_tabs(
    browser: Browser, board: str, violations: Callable[[Page], list[str]], scheme: Any, size: str
) -> None:
    page = browser.new_page(viewport=SIZES[size], color_scheme=scheme)  # type: ignore[arg-type]
    enter(page, board)
    found, widths = {}, {}
    for tab in TABS:
        show(page, tab)
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        found[tab] = violations(page)
        widths[tab] = page.evaluate("document.documentElement.scrollWidth")

    assert found == {tab: [] for tab in TABS}
    assert set(widths.values()) == {SIZES[size]["width"]}  # nothing scrolls sideways
    page.close()


def test_the_charts_draw_under_the_policy_and_have_a_name_and_a_table(page: Page, board: str) -> None:
    enter(page, board)  # the fixture fails for a word on the console, as a script that is refused has one

    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    expect(page.get_by_role("img", name="Messages by day: a chart. Its numbers follow as a table.")).to_be_visible()
    # 30 days: answered, to a clinician, greeting, crisis or emergency.
    expect(page.locator(".js-plotly-plot").first.locator(".bars .point")).to_have_count(4 * 30)
    page.get_by_text("How sure the bot was: the numbers as a table").click()
    row = page.get_by_role("row", name="0.90 to 0.95")
    expect(row).to_have_text("0.90 to 0.95240")


def test_what_a_visitor_typed_is_shown_and_never_run(page: Page, board: str) -> None:
    enter(page, board, "Questions")

    expect(page.get_by_text(HOSTILE)).to_be_visible()
    assert page.locator("#kb-board img[src='x'], #kb-board summary script").count() == 0
    show(page, "What to write next")
    expect(page.get_by_role("heading", name="1 Parking")).to_be_visible()


def test_questions_are_filtered_paged_and_looked_for_by_keyboard_alone(page: Page, board: str) -> None:
    enter(page, board, "Questions")
    expect(page.get_by_role("heading", name="Questions 1 to 20 of 29, the newest first")).to_be_visible()
    older = page.get_by_role("button", name="Older")
    older.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Questions 21 to 29 of 29, the newest first")).to_be_visible()
    expect(older).to_be_disabled()

    page.get_by_label("Not answered, open").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="Questions 1 to 5 of 5, the newest first")).to_be_visible()
    page.get_by_label("Words in the question or in the feedback").focus()
    page.keyboard.type("TRUCK")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Questions 1 to 1 of 1, the newest first")).to_be_visible()

    page.locator(".ks-entry summary:visible").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("0.10 (answered from")).to_be_visible()


def test_a_question_is_marked_and_leaves_what_is_open(page: Page, board: str) -> None:
    enter(page, board, "Questions")
    page.get_by_label("Marked as not helpful, open").check()
    expect(page.get_by_role("heading", name="Questions 1 to 1 of 1, the newest first")).to_be_visible()
    button = page.locator(".ks-entry-row:visible button.ks-handle")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="is marked as handled")).to_be_visible()
    expect(page.get_by_role("button", name="Mark as not handled")).to_be_focused()

    page.get_by_label("Everything").check()
    page.get_by_label("Marked as not helpful, open").check()
    expect(page.get_by_role("heading", name="No such question")).to_be_visible()


def test_a_period_chosen_on_one_tab_holds_on_the_others(page: Page, board: str) -> None:
    enter(page, board)
    page.get_by_label("From a day to another").locator("visible=true").check()
    today = datetime.datetime.now(tz=datetime.UTC).date()
    page.get_by_label("First day").locator("visible=true").fill("soon")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text='the first day is "soon"')).to_be_visible()
    page.get_by_label("First day").locator("visible=true").fill((today - datetime.timedelta(days=4)).isoformat())
    page.keyboard.press("Enter")
    expect(page.get_by_text("5 days, UTC")).to_be_visible()

    show(page, "Questions")
    expect(page.get_by_role("heading", name="Questions 1 to 10 of 10, the newest first")).to_be_visible()


def test_what_is_being_worked_out_is_said(page: Page, board: str) -> None:
    enter(page, board)
    asked: list[Route] = []
    page.route("**/run/predict", lambda route: asked.append(route))  # noqa: PLW0108  an answer that is long in coming
    page.get_by_role("tab", name="Questions").click()
    expect(page.locator("#kb-busy")).to_have_text("Working it out …")

    for route in asked:
        route.continue_()
    page.unroute("**/run/predict")
    expect(page.locator(".ks-entry").first).to_be_visible()
    expect(page.locator("#kb-busy")).to_have_text("")


def test_the_table_of_questions_is_downloaded(page: Page, board: str) -> None:
    enter(page, board, "Questions")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download these as a table (CSV)").click()

    assert started.value.suggested_filename == "made-up-questions.csv"
    assert started.value.path().read_text(encoding="utf-8-sig").count("\n") == 30
