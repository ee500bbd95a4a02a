"""Markup and script in all that staff read of visitors and of the corpus: shown as text, saved as text, never run."""

from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import expect
from tests.browser.payloads import RUN, Watch, batches, is_clean, payloads

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

BOARD = ".kt-md, .ks-yaml, .kt-map .main-svg, .kt-choose"  # what holds texts; Plotly has empty styles beside them
IMAGE = f"<img src=x onerror={RUN}>"
SCRIPT = f"<script>{RUN}</script>"
QUOTE = f"A session takes {IMAGE} forty minutes."
expect.set_options(timeout=30_000)  # this machine may be busy


def page_of_payloads() -> str:
    """Return a page of the corpus whose headings and paragraphs are payloads."""
    parts = [f"## {IMAGE} {number}\n\nLook here: {payload.strip()}" for number, payload in enumerate(payloads()[::4])]
    return "\n\n".join([f"# {SCRIPT}", QUOTE, *parts]) + "\n"


@pytest.fixture(scope="module")
def board(
    handmade: Any, tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Service], AbstractContextManager[str]]
) -> Iterator[str]:
    """The address of a staff page over questions, feedback, topics and a document that are all payloads."""
    folder = tmp_path_factory.mktemp("payloads")
    AccountsFile(folder / "staff").add("ada", PasswordHasher(1, 8, 1).hash("four lamps on a hill"), now=1.0)
    document = Document("poison", IMAGE, Kind.CLINIC_FAQ, page_of_payloads(), 0, "poison.md")
    topics = {SCRIPT: (["how long does it take", IMAGE], [QUOTE]), IMAGE: ([f"is there {SCRIPT}"], [])}
    index = handmade(document, topics=topics)
    settings = Settings(
        corpus=folder, journal=str(folder / "journal.db"), staff=str(folder / "staff"), staff_header="X-Staff",
        trusted_proxies="127.0.0.1",
    )  # fmt: skip
    noon = datetime.datetime.combine(datetime.datetime.now(tz=datetime.UTC).date(), datetime.time(), datetime.UTC)
    shown = (ShownScore(next(iter(index.passages)), 0.9), ShownScore(f"gone#{IMAGE}", 0.5))
    answered = JournalEntry(0, noon, "chat", IMAGE, Outcome.ANSWER, None, (), shown, 0.9, SCRIPT, 5.0, helpful=False)
    open_one = dataclasses.replace(
        answered, outcome=Outcome.CLINICIAN, reason=Reason.NOT_COVERED, passages=(), confidence=0.1, helpful=None
    )
    entries = [dataclasses.replace(answered, question=text, feedback=text) for text in batches(1_900)]
    entries += [
        dataclasses.replace(open_one, question=text, missing=(payload,))
        for text, payload in zip(batches(1_900), payloads()[::20], strict=False)
    ]
    entries += [dataclasses.replace(open_one, question=text, missing=(text,)) for text in (IMAGE, SCRIPT)]
    journal = Journal.open(settings.journal)
    journal.fill(entries, [])
    journal.close()
    with serve(Service(settings, index)) as where:
        yield where


@pytest.fixture
def member(browser: Browser) -> Iterator[Page]:
    """A page of somebody who is signed in. A word on its console fails the test: errors, CSP, missing files."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, extra_http_headers={"X-Staff": "ada"})
    page.set_default_timeout(30_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    page.close()
    assert said == []


def open_tab(page: Page, name: str, first: str) -> None:
    page.get_by_role("tab", name=name).click()
    expect(page.locator(first).first).to_be_visible(timeout=60_000)


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")


def test_what_visitors_typed_never_runs_on_any_tab(member: Page, board: str) -> None:
    watch = Watch(member, board)
    member.goto(f"{board}/staff/")

    open_tab(member, "Questions", ".ks-entry")
    unfold(member)
    expect(member.locator(".ks-facts").filter(has_text="Not helpful").first).to_contain_text("onerror=")
    is_clean(member, watch, BOARD)

    open_tab(member, "What to write next", ".ks-gap h3")
    member.get_by_role("button", name="Draft for the question bank").first.click()
    is_clean(member, watch, BOARD)

    open_tab(member, "Topic map", ".kt-map .point")
    unfold(member)
    # Plotly's own layers lie above what it draws, so the pointer goes to where it stands.
    point = member.locator(".kt-map .scatterlayer .point").first
    point.scroll_into_view_if_needed()
    place = point.bounding_box()
    assert place is not None
    member.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    expect(member.locator(".kt-map .hovertext").first).to_contain_text("<")
    is_clean(member, watch, BOARD)
    assert member.title() == "Staff"


def test_what_the_corpus_says_never_runs_on_any_tab(member: Page, board: str) -> None:
    watch = Watch(member, board)
    member.goto(f"{board}/staff/")

    open_tab(member, "Documents", ".kt-document")
    unfold(member)
    expect(member.locator(".kt-document h3")).to_have_text(IMAGE)
    member.get_by_label("Document").click()
    is_clean(member, watch, BOARD)

    open_tab(member, "Checklist", ".kt-controls")
    member.get_by_role("button", name="Check all topics").click()
    expect(member.locator(".kt-checklist")).to_be_visible(timeout=90_000)
    unfold(member)
    is_clean(member, watch, BOARD)


@pytest.mark.parametrize("typed", [IMAGE, SCRIPT, "how long does it take"])
def test_what_staff_type_never_runs_in_any_step(member: Page, board: str, typed: str) -> None:
    watch = Watch(member, board)
    member.goto(f"{board}/staff/")
    member.get_by_role("tab", name="Ask as a visitor").click()
    member.get_by_label("Question", exact=True).fill(typed)
    member.get_by_label("Earlier questions").fill(SCRIPT)
    member.get_by_role("button", name="Show every step").click()

    expect(member.locator(".kt-trace")).to_contain_text(typed)
    is_clean(member, watch, BOARD)


@pytest.mark.parametrize(
    "query", [f"?text={IMAGE}", f"?shown={IMAGE}", f"?view={SCRIPT}&entries=1", f"?since={IMAGE}&entries=1"]
)
def test_what_an_address_says_never_runs(member: Page, board: str, query: str) -> None:
    watch = Watch(member, board)
    member.goto(f"{board}/staff/{query}")
    expect(member.get_by_role("tab", name="Questions")).to_have_attribute("aria-selected", "true")
    expect(member.locator(".ks-head:visible, .ks-status:visible").first).to_be_visible()

    is_clean(member, watch, BOARD)


@pytest.mark.parametrize(
    ("tab", "first", "link", "file"),
    [
        ("Questions", ".ks-entry", "Download", "made-up-questions.csv"),
        ("What to write next", ".ks-gap h3", "Download all drafts", "made-up-drafts.yaml"),
    ],
)
def test_a_download_is_saved_and_never_opened_as_a_page(
    member: Page, board: str, tab: str, first: str, link: str, file: str
) -> None:
    watch = Watch(member, board)
    member.goto(f"{board}/staff/")
    open_tab(member, tab, first)
    with member.expect_download() as saving:
        member.get_by_role("link", name=link).first.click()

    assert saving.value.suggested_filename == file
    assert IMAGE in saving.value.path().read_text("utf-8")
    assert member.url == f"{board}/staff/"
    is_clean(member, watch, BOARD)
