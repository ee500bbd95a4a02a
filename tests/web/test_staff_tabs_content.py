"""The staff's tabs on one question, documents, topics and the audit: what they show, and what they never keep."""

from __future__ import annotations

import asyncio
import datetime
import json
import threading
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import gradio as gr
import pytest

from kbot.accounts.trail import Trail
from kbot.coverage.checklist import make_checklist
from kbot.coverage.command import open_existing
from kbot.coverage.document_use import use_by_document
from kbot.coverage.period import Period
from kbot.coverage.topic_map import draw_map
from kbot.coverage.usage import passage_use
from kbot.errors import InputError
from kbot.journal.entries import JournalEntry, ShownScore
from kbot.journal.store import Journal
from kbot.records import Document, Kind, Outcome, Reason
from kbot.service import Service
from kbot.settings import Settings
from kbot.web.assets import Assets
from kbot.web.cards import answer_card
from kbot.web.staff.context import StaffContext
from kbot.web.staff.pages import audit_tab, checklist_tab, documents_tab, map_tab, trace_tab
from kbot.web.staff.pages.annotated import annotated
from kbot.web.staff.pages.audit_tab import show_audit
from kbot.web.staff.pages.checklist_tab import ask_the_bank, show_checklist
from kbot.web.staff.pages.documents_tab import show_documents
from kbot.web.staff.pages.map_chart import map_chart
from kbot.web.staff.pages.map_tab import Drawn, show_map
from kbot.web.staff.pages.trace_tab import show_trace
from kbot.web.staff.pages.wiring import State, Work
from kbot.web.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import ScriptedService

    from kbot.search.index import SearchIndex

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(2)&gt;"
PAGE = f"""# Harbour FAQ

## How long does a session take?

A session takes **forty minutes**.

## What are the side effects?

They are:

- Nausea and dizziness are common.
- A dry mouth {HOSTILE} is rare.

| Item | Price |
|---|---|
| Parking | free of charge |
"""
TOPICS = {
    "length": (["how long does a session take", "session length"], ["A session takes **forty minutes**."]),
    "side-effects": (["what are the side effects", "nausea"], ["Nausea and dizziness are common."]),
    "pregnancy": (["is it safe during pregnancy", "pregnant women"], []),
}
JANUARY = Period(datetime.date(2026, 1, 1), datetime.date(2026, 1, 31))


@pytest.fixture(scope="module")
def index(handmade: Any) -> SearchIndex:
    made: SearchIndex = handmade(Document("faq", "Harbour FAQ", Kind.CLINIC_FAQ, PAGE, 0, "faq.md"), topics=TOPICS)
    return made


@pytest.fixture
def context(index: SearchIndex, tmp_path: Path) -> StaffContext:
    service = Service(Settings(journal=str(tmp_path / "journal.db")), index)
    templates = Templates(service.clinic, Assets(service.clinic).version)
    return StaffContext(service, templates, Trail(tmp_path / "staff"))


def entry(question: str, *shown: str, outcome: Outcome = Outcome.ANSWER, **fields: Any) -> JournalEntry:
    values: dict[str, Any] = {
        "id": 0, "time": datetime.datetime(2026, 1, 5, 12, tzinfo=datetime.UTC), "channel": "chat",
        "reason": Reason.NOT_COVERED if outcome is Outcome.CLINICIAN else None, "missing": (), "confidence": 0.9,
        "build": "handmade", "elapsed_ms": 5.0, "passages": tuple(ShownScore(id_, 0.9) for id_ in shown),
    }  # fmt: skip
    return JournalEntry(question=question, outcome=outcome, **(values | fields))


def fill(context: StaffContext, *entries: JournalEntry) -> None:
    journal = Journal.open(context.service.settings.journal)
    journal.fill(entries, [])
    journal.close()


class Nesting(HTMLParser):
    """Notes where elements stand that must not: a browser would tear them apart."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.torn: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        if tag in {"details", "ul", "div", "table"} and "p" in self.open:
            self.torn.append(f"{tag} in p")
        if tag == "details" and self.open[-1:] in (["table"], ["tr"], ["ul"]):
            self.torn.append(f"details in {self.open[-1]}")
        if tag not in {"br", "hr", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open.pop() != tag:
            self.torn.append(f"/{tag}")


def torn(html: str) -> list[str]:
    reader = Nesting()
    reader.feed(html)
    return reader.torn + reader.open


def test_a_trace_has_every_step_and_the_very_card_of_the_visitor(context: StaffContext) -> None:
    html = show_trace(context, ["how long does a sesion take"])

    card = answer_card(context.service.bot.ask(["how long does a sesion take"]), context.templates)
    assert card in html
    assert "<del>sesion</del> → <ins>session</ins>" in html
    for step in (
        "1. The text",
        "2. Triage",
        "3. Follow-up",
        "4. Topics",
        "5. Passages",
        "6. The gate",
        "7. The decision",
    ):
        assert f"<h3>{step}" in html
    assert torn(html) == []


def test_what_is_typed_is_escaped_in_every_step(context: StaffContext) -> None:
    html = show_trace(context, ["nausea", f"and {HOSTILE}"])

    assert "<script" not in html
    assert "<img" not in html
    assert ESCAPED in html


def test_a_follow_up_is_shown_with_both_texts(context: StaffContext) -> None:
    html = show_trace(context, ["session length", "and for pregnant women"])

    assert "<li>session length and for pregnant women</li>" in html


def test_a_crisis_stops_before_the_search(context: StaffContext) -> None:
    html = show_trace(context, ["I want to kill myself"])

    assert '<dd class="kt-strong">crisis</dd>' in html
    assert "The search did not run" in html
    assert "tel:988" in html


def test_nothing_that_is_followed_reaches_the_journal(context: StaffContext) -> None:
    for question in ("I want to kill myself", "session length"):
        show_trace(context, [question])
    context.service.close()

    assert open_existing(context.service.settings.journal) is None


def test_a_failure_is_a_message_and_neither_it_nor_the_log_repeats_the_question(
    context: StaffContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("my secret question")

    monkeypatch.setattr(context.service.bot, "ask", broken)
    html = show_trace(context, ["my secret question"])

    assert 'role="alert"' in html
    assert "secret" not in html + caplog.text
    assert "RuntimeError" in caplog.text


def test_half_a_character_is_followed_like_any_text(context: StaffContext) -> None:
    assert "5. Passages" in show_trace(context, ["session length \ud83d"])


def test_a_document_stands_word_for_word_with_a_note_after_each_passage(context: StaffContext) -> None:
    index = context.service.index
    length, nausea = (next(p.id for p in index.passages.values() if word in p.text) for word in ("forty", "Nausea"))
    entries = [
        *(entry("how long", length, helpful=True) for _ in range(3)),
        *(entry("nausea", nausea, helpful=False) for _ in range(2)),
    ]  # fmt: skip

    html = str(annotated(use_by_document(passage_use(entries, index), index)["faq"], lambda shown: f"?shown={shown}"))

    assert "A session takes <strong>forty minutes</strong>." in html
    assert f"A dry mouth {ESCAPED} is rare." in html
    assert f'<a class="ks-drill" href="?shown={length}">See the questions</a>' in html
    assert html.count("See the questions") == 2  # the other two passages were never shown
    assert html.count("<details") == len(index.passages) == 4
    assert "<summary>◐ 1. shown: 3 times</summary>" in html
    assert "<summary>▼ 2. not liked: 2 times; 2 of 2 who said so found it not helpful</summary>" in html
    assert "<li><code>length</code> length</li>" in html
    assert torn(html) == []


def test_a_note_stands_after_its_paragraph_and_inside_its_list_item(context: StaffContext) -> None:
    index = context.service.index

    html = str(annotated(use_by_document(passage_use([], index), index)["faq"], str))

    assert '</span></p><details id="about-use-1"' in html
    assert 'are common.</span><details id="about-use-2"' in html
    assert '</table><details id="about-use-4"' in html


def test_all_documents_are_listed_with_their_shares(context: StaffContext) -> None:
    first = next(iter(context.service.index.passages))
    fill(context, entry("how long", first), entry("how long", "faq#gone"))

    table, text = show_documents(context, JANUARY, "no such document")

    assert "1 of 4" in table
    assert "50 %" in table
    assert "Made-up demo data" in table  # a journal that is filled is a demo
    assert "<h3>Harbour FAQ</h3>" in text
    assert torn(table) == torn(text) == []


def test_documents_are_shown_without_a_journal(context: StaffContext) -> None:
    table, text = show_documents(context, JANUARY, "faq")

    assert "0 of 4" in table
    assert "never shown" in text


def test_a_journal_that_cannot_be_read_is_said_above_the_documents(context: StaffContext, tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_text("no database", encoding="utf-8")

    table, text = show_documents(context, JANUARY, "faq")

    assert 'role="alert"' in table
    assert "<h3>Harbour FAQ</h3>" in text


def test_the_checklist_is_filtered_by_state_and_by_words(context: StaffContext) -> None:
    checklist = ask_the_bank(context, lambda done, of: None)  # noqa: ARG005

    everything = show_checklist(context, checklist)
    lacking = show_checklist(context, checklist, "not_covered")
    named = show_checklist(context, checklist, "any", " Side effects ")
    nothing = show_checklist(context, checklist, "personal", "length")

    assert [topic in everything for topic in TOPICS] == [True] * 3
    assert [f"<code>{topic}</code>" in lacking for topic in TOPICS] == [False, False, True]
    assert "write about pregnancy" in lacking
    assert [f"<code>{topic}</code>" in named for topic in TOPICS] == [False, True, False]
    assert "No topic is like that" in nothing
    assert torn(everything) == torn(nothing) == []


def test_the_checklist_tells_how_far_it_is(context: StaffContext) -> None:
    told: list[tuple[int, int]] = []

    checklist = ask_the_bank(context, lambda done, of: told.append((done, of)))

    assert told == [(0, 3), (1, 3), (2, 3)]
    assert checklist == make_checklist(context.service.index, lambda text: context.service.bot.ask([text]))


def test_the_map_escapes_what_visitors_typed_where_plotly_draws_it(context: StaffContext) -> None:
    asked = 'nausea <a href="javascript:alert(1)">%{x}</a>'
    drawn = draw_map([entry(asked, id=1), entry("session length", id=2)], context.service.index)

    figure = json.loads(map_chart(drawn, "#0f5c63").figure)

    texts = [text for trace in figure["data"] for text in trace["customdata"]]
    assert any("nausea &lt;a href=&quot;javascript:alert(1)&quot;&gt;" in text for text in texts)
    assert {trace["hovertemplate"] for trace in figure["data"]} == {"%{customdata}<extra></extra>"}
    assert {trace["marker"]["symbol"] for trace in figure["data"]} == {"circle", "diamond", "square"}


def test_points_and_numbers_of_the_map_lead_to_the_subjects_below(context: StaffContext) -> None:
    entries = [
        entry("session length", id=1), entry("session length", id=2),
        entry(HOSTILE, id=3, outcome=Outcome.CLINICIAN),
    ]  # fmt: skip

    drawn = Drawn(draw_map(entries, context.service.index), JANUARY, made_up=True, at=entries[0].time)
    above, chart, below = show_map(context, drawn)

    figure = json.loads(chart.figure)
    assert [trace["ids"] for trace in figure["data"]] == [["subject-1"], ["subject-2"], []]
    assert [note["text"] for note in figure["layout"]["annotations"]] == ['<a href="#subject-1" target="_self">1</a>']
    assert 'id="subject-1"' in below
    assert "entries=1%2C2" in below
    assert ESCAPED in below
    assert "Made-up demo data" in above
    assert torn(above) == torn(below) == []


def test_the_audit_finds_every_citation_wrong_with_its_reasons(scripted: ScriptedService, tmp_path: Path) -> None:
    templates = Templates(scripted.clinic, Assets(scripted.clinic).version)

    html = show_audit(StaffContext(scripted, templates, Trail(tmp_path)), datetime.date(2026, 1, 1))

    assert '<dt>Citations that don’t match</dt><dd class="kt-strong">4 of 4</dd>' in html
    assert "contradicted by the evidence" in html
    assert "Nothing was asked on the internet." in html
    assert torn(html) == []


def test_a_corpus_that_cannot_be_read_is_a_message(context: StaffContext, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "faq.md").write_text("no front matter", encoding="utf-8")
    context.service.settings = replace(context.service.settings, corpus=tmp_path / "corpus")

    html = show_audit(context, datetime.date(2026, 1, 1))

    assert html.startswith('<p class="kt-problem" role="alert">')
    assert "faq.md" in html


def test_no_event_of_the_tabs_waits_in_gradios_queue_or_is_offered_as_an_api(context: StaffContext) -> None:
    async def build() -> gr.Blocks:  # outside of an event loop Gradio would open one, and leave it open
        with gr.Blocks(analytics_enabled=False) as blocks:
            for tab in (trace_tab, documents_tab, checklist_tab, map_tab, audit_tab):
                tab.build_tab(context)
        return blocks

    events = asyncio.run(build()).config["dependencies"]
    assert len(events) >= 8
    assert {(event["queue"], event["api_visibility"]) for event in events} == {(False, "private")}


def finished(work: Work[str], key: str) -> State[str]:
    for thread in threading.enumerate():
        if thread.name == "test-work":
            thread.join(10)
    return work.state(key)


def test_work_is_done_once_and_kept() -> None:
    work: Work[str] = Work("test-work")
    done: list[str] = []

    def make(told: Callable[[int, int], None]) -> str:
        told(1, 2)
        done.append("once")
        return f"result {len(done)}"

    assert work.start("a", make).running
    assert finished(work, "a").result == "result 1"
    assert work.start("a", make).result == "result 1"
    assert work.start("a", make, again=True).running
    assert finished(work, "a").result == "result 2"
    assert work.state("never begun") == State(running=False)


def test_work_that_fails_ends_in_a_message_and_can_begin_again(caplog: pytest.LogCaptureFixture) -> None:
    work: Work[str] = Work("test-work")

    def wrong(_told: object) -> str:
        raise InputError("the period begins after it ends")

    def broken(_told: object) -> str:
        raise RuntimeError("what somebody typed")

    work.start("wrong", wrong)
    assert finished(work, "wrong").error == "the period begins after it ends"
    work.start("broken", broken)
    assert finished(work, "broken").error == "This could not be worked out. The log says where it stopped."
    assert "typed" not in caplog.text
    work.start("broken", lambda _told: "fine")
    assert finished(work, "broken").result == "fine"
