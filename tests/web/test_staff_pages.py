"""The staff's everyday tabs: what they show, what they keep to themselves, and what the trail has of it."""

from __future__ import annotations

import asyncio
import csv
import datetime
import importlib
import io
import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import gradio as gr
import pytest
import yaml
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from kbot.accounts.trail import Trail
from kbot.coverage.overview import make_overview
from kbot.coverage.period import Period
from kbot.errors import InputError
from kbot.journal.entries import JournalEntry, ShownScore, UrgentCount
from kbot.journal.find import Judged
from kbot.journal.store import Journal
from kbot.records import Document, Kind, Outcome, Reason
from kbot.service import Service
from kbot.settings import Settings
from kbot.web.assets import Assets
from kbot.web.colours import DARK_SURFACE, WHITE, contrast, parse
from kbot.web.staff.context import NAME, StaffContext
from kbot.web.staff.pages import download, gaps_tab, overview_tab, questions_tab
from kbot.web.staff.pages.charts import confidence_chart, outcomes_chart, reasons_chart, series
from kbot.web.staff.pages.gaps_tab import GapsTab
from kbot.web.staff.pages.period import DATES, read_period
from kbot.web.staff.pages.questions import QuestionFilter, View
from kbot.web.staff.pages.questions_shown import QuestionsTab
from kbot.web.staff.pages.reading import Reading
from kbot.web.staff.pages.slots import number, pages
from kbot.web.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Callable

    from kbot.coverage.overview import Overview
    from kbot.web.staff.pages.period import TimedTab
    from kbot.web.staff.pages.questions_tab import QuestionsPart

TODAY = datetime.datetime.now(tz=datetime.UTC).date()
NOON = datetime.datetime.combine(TODAY - datetime.timedelta(days=1), datetime.time(12), datetime.UTC)
HOUR = datetime.timedelta(hours=1)
WEEK = Period(TODAY - datetime.timedelta(days=6), TODAY)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> \"'`{{ 7*7 }} $x$"
PAGE = "# FAQ\n\n## How long does it take?\n\nA session takes forty minutes.\n"
TOPICS = {
    "length": (["how long does it take"], ["A session takes forty minutes."]),
    "parking": (["is there parking"], []),
}


def make(question: str, hours: float = 0, **fields: Any) -> JournalEntry:
    values: dict[str, Any] = {
        "id": 0, "time": NOON + hours * HOUR, "channel": "chat", "question": question, "outcome": Outcome.ANSWER,
        "reason": None, "missing": (), "passages": (), "confidence": 0.9, "build": "handmade", "elapsed_ms": 4.0,
    }  # fmt: skip
    return JournalEntry(**(values | fields))


def unanswered(question: str, hours: float = 0, **fields: Any) -> JournalEntry:
    values = {"outcome": Outcome.CLINICIAN, "reason": Reason.NOT_COVERED, "confidence": 0.1} | fields
    return make(question, hours, **values)


class Office:
    """A service with a journal in a file, and what the tabs are given."""

    def __init__(self, handmade: Any, folder: Path) -> None:
        settings = Settings(corpus=folder, journal=str(folder / "journal.db"), root_path="/help")
        index = handmade(Document("faq", "FAQ", Kind.CLINIC_FAQ, PAGE, 0, "faq.md"), topics=TOPICS)
        self.passage = next(iter(index.passages))
        self.service = Service(settings, index)
        self.trail = Trail(folder / "staff")
        templates = Templates(self.service.clinic, Assets(self.service.clinic).version)
        self.context = StaffContext(self.service, templates, self.trail)
        self.reading = self.context.reading

    def write(self, *entries: JournalEntry, made_up: bool = False) -> Journal:
        journal = Journal.open(self.service.settings.journal)
        if made_up:
            journal.fill(entries, [])
        else:
            for entry in entries:
                journal.add(entry)
        return journal

    def questions(self) -> QuestionsPart:
        async def within_loop() -> QuestionsPart:
            with gr.Blocks(analytics_enabled=False):
                return questions_tab.build_tab(self.context, self.reading, questions_tab.add_asked())

        return asyncio.run(within_loop())

    def tab(self, build: Callable[[StaffContext, Reading], TimedTab]) -> TimedTab:
        async def within_loop() -> TimedTab:  # outside of one, Gradio opens some and leaves them open
            with gr.Blocks(analytics_enabled=False):
                return build(self.context, self.reading)

        return asyncio.run(within_loop())

    def overview(self, **shown: str) -> list[Any]:
        tab = self.tab(overview_tab.build_tab)
        return tab.show(shown.get("choice", "7"), shown.get("since", ""), shown.get("until", ""))

    def client(self, name: str | None = "ada") -> TestClient:
        app = FastAPI()
        app.include_router(download.download_router(self.context))

        @app.middleware("http")
        async def let_in(request: Request, go_on: Any) -> Any:
            setattr(request.state, NAME, name)
            return await go_on(request)

        return TestClient(app)

    def events(self) -> list[tuple[str, str, str]]:
        return [(line.who, line.event, line.detail) for line in self.trail.lines()]


@pytest.fixture
def office(handmade: Any, tmp_path: Path) -> Office:
    return Office(handmade, tmp_path)


# Periods.


@pytest.mark.parametrize(
    ("choice", "since", "until", "days"),
    [
        ("7", "", "", 7),
        ("90", "nonsense", "", 90),
        ("nonsense", None, None, 30),
        (None, None, None, 30),
        (DATES, "2026-01-01", " 2026-01-31 ", 31),
        (DATES, "2026-01-31", "2026-01-31", 1),
        (DATES, TODAY.isoformat(), "", 1),
        (DATES, "", "", 30),
        (DATES, " ", "2026-01-31", 30),
    ],
)
def test_a_period_is_the_last_days_or_from_a_day_to_another(choice: Any, since: Any, until: Any, days: int) -> None:
    assert len(read_period(choice, since, until).days) == days


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        ("2026-02-30", "2026-03-01", 'the first day is "2026-02-30": write it as 2026-01-31'),
        ("2026-03-02", "tomorrow", 'the last day is "tomorrow"'),
        ("2026-03-02", "2026-03-01", "the first day, 2026-03-02, comes after the last one"),
        ("1990-01-01", "2026-03-01", "more than 3660 days"),
        ("0001-01-01", "9999-12-31", "more than 3660 days"),
    ],
)
def test_days_that_make_no_period_are_refused_with_what_to_write(since: str, until: str, says: str) -> None:
    with pytest.raises(InputError, match=says.replace("(", r"\(")):
        read_period(DATES, since, until)


# Charts.


def overview_of(office: Office, period: Period = WEEK) -> Overview:
    with_reasons = [unanswered("parking?", at / 10) for at in range(3)]
    dose = unanswered("my dose?", reason=Reason.PERSONAL_ADVICE)
    office.write(make("how long", confidence=0.4), make("how long", 1), *with_reasons, dose, made_up=True).close()
    return make_overview(office.reading.existing(), 0.35, period)


def test_every_figure_is_one_that_plotly_knows(office: Office) -> None:
    plotly = importlib.import_module("plotly.graph_objects")
    overview = overview_of(office)
    for chart in (
        outcomes_chart(overview, "#0f5c63"),
        reasons_chart(overview, "#0f5c63"),
        confidence_chart(overview.confidence, "#0f5c63"),
    ):
        figure = json.loads(chart.figure)
        drawn = plotly.Figure(data=figure["data"], layout=figure["layout"])  # raises for a name it doesn't know
        assert len(drawn.data) >= 1


def test_the_table_below_a_chart_has_the_numbers_of_the_chart(office: Office) -> None:
    overview = overview_of(office)
    chart = outcomes_chart(overview, "#0f5c63")
    bars = {bar["name"]: bar["y"] for bar in json.loads(chart.figure)["data"]}

    assert chart.header == ("Day", "Answered", "To a clinician", "Greeting", "Crisis", "Emergency")
    assert [row[0] for row in chart.rows] == [day.isoformat() for day in reversed(WEEK.days)]
    assert [int(row[1]) for row in reversed(chart.rows)] == bars["Answered"] == [0, 0, 0, 0, 0, 2, 0]
    assert [int(row[2]) for row in reversed(chart.rows)] == bars["To a clinician"] == [0, 0, 0, 0, 0, 4, 0]
    assert reasons_chart(overview, "#0f5c63").rows == (
        ("Not covered", "3", "75.0\u00a0%"),
        ("Personal advice", "1", "25.0\u00a0%"),
    )
    sure = confidence_chart(overview.confidence, "#0f5c63")
    assert [row for row in sure.rows if row[1:] != ("0", "0")] == [
        ("0.10 to 0.15", "0", "3"),
        ("0.40 to 0.45", "1", "0"),
        ("0.90 to 0.95", "1", "0"),
    ]
    assert "2 questions were at or above it, 3 below" in sure.summary


def test_a_long_period_is_shown_by_week(office: Office) -> None:
    chart = outcomes_chart(overview_of(office, Period(TODAY - datetime.timedelta(days=89), TODAY)), "#0f5c63")

    assert chart.header[0] == "Week from"
    assert {datetime.date.fromisoformat(row[0]).weekday() for row in chart.rows} == {0}


@pytest.mark.parametrize("accent", ["#0f5c63", "#000000", "#000080", "#ffff00", "#767676", "#d55e00"])
def test_bars_can_be_told_from_both_surfaces_and_from_their_neighbours(accent: str) -> None:
    drawn = series(accent)
    for one in drawn:
        assert contrast(parse(one.colour), WHITE) >= 3
        assert contrast(parse(one.colour), DARK_SURFACE) >= 3
    assert len({one.pattern for one in drawn}) == len(drawn)


# The overview.


def test_without_a_journal_the_overview_leads_to_the_checklist_and_makes_none(office: Office) -> None:
    head, *charts, state = office.overview()

    assert "Nobody has asked anything yet" in head
    assert "Checklist" in head
    assert [update["visible"] for update in charts[::4]] == [False, False, False]
    assert "journal.db" in state
    assert not Path(office.service.settings.journal).exists()


def test_a_period_in_which_nobody_asked_says_so(office: Office) -> None:
    office.write(make("long ago", -24 * 20)).close()

    assert "Nobody asked anything in this period" in office.overview()[0]
    assert "Nobody asked" not in office.overview(choice="30")[0]


def test_the_overview_has_each_rate_with_its_interval_and_urgent_messages_as_counts(office: Office) -> None:
    journal = office.write(*[make("how long", at / 10) for at in range(8)], unanswered("a"), unanswered("b", 1))
    journal.count_urgent(NOON.date(), Outcome.CRISIS, 2)

    head = office.overview()[0]

    assert "80.0\u00a0%" in head
    assert "8 of 10; 95 % interval 49.0\u00a0% to 94.3\u00a0%" in head
    assert "2 and 0" in head
    assert "2 questions that nothing answered" in head
    assert "Made-up" not in head


def test_demo_data_is_marked_on_every_tab(office: Office) -> None:
    office.write(unanswered("parking?"), made_up=True).close()
    tab = QuestionsTab(office.context, office.reading)
    chosen = QuestionFilter()

    assert "Made-up demo data" in office.overview()[0]
    assert "Made-up demo data" in tab.head(tab.page(chosen, WEEK, 0), chosen, WEEK)
    assert "Made-up demo data" in GapsTab(office.context, office.reading).head((), 0, WEEK)


def test_a_journal_that_is_off_is_said_to_be(office: Office) -> None:
    service = Service(replace(office.service.settings, journal="off"), office.service.index)
    office.context, office.reading = replace(office.context, service=service), Reading(service)

    head, *_, state = office.overview()

    assert "The journal is off" in head
    assert "<dd>off</dd>" in state


def test_a_file_that_is_no_journal_gives_a_message_on_every_tab(office: Office, tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_text("this is no database" * 100, encoding="utf-8")
    for tab in (office.tab(overview_tab.build_tab), office.tab(gaps_tab.build_tab), office.questions().tab):
        values = ["7", "", "", *["" for _ in tab.inputs[3:]]]
        outputs = tab.show(*values)
        assert len(outputs) == len(tab.outputs)
        assert 'role="alert"' in outputs[0]
        assert "can&#39;t be used" in outputs[0]


def test_what_breaks_inside_gives_a_message_and_no_traceback(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the secret of a visitor")

    office.write(make("how long")).close()
    monkeypatch.setattr(Reading, "overview", broken)

    assert "This could not be shown" in office.overview()[0]
    assert "secret" not in str(office.overview())


def test_an_overview_is_worked_out_once_until_something_changes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = office.write(make("how long"))
    made: list[Period] = []

    def counted(journal: Journal, threshold: float, period: Period) -> Overview:
        made.append(period)
        return make_overview(journal, threshold, period)

    monkeypatch.setattr("kbot.web.staff.pages.reading.make_overview", counted)
    first = office.reading.overview(WEEK)
    assert office.reading.overview(WEEK) is first
    assert len(made) == 1
    journal.add(make("how long", 1))
    second = office.reading.overview(WEEK)
    assert second is not None
    assert second.entries == 2
    assert len(made) == 2


# Questions.


def test_a_filter_comes_back_from_the_address_that_it_is_written_into() -> None:
    chosen = QuestionFilter(
        View.UNHELPFUL, Outcome.ANSWER, Reason.UNCLEAR, "rest", Judged.UNHELPFUL, handled=False, text="a & b=c",
        entries=(3, 12), shown="faq#length-1a2b3c",
    )  # fmt: skip
    nonsense = {"view": "x", "outcome": "perhaps", "handled": "maybe", "channel": "fax", "entries": "x,-1,1.5"}

    assert QuestionFilter.read(dict(parse_qsl(chosen.query(WEEK)))) == chosen
    assert QuestionFilter.read(nonsense) == QuestionFilter()


def found(office: Office, **chosen: Any) -> list[str]:
    tab = QuestionsTab(office.context, office.reading)
    return [entry.question for entry in tab.page(QuestionFilter(**chosen), WEEK, 0).entries]


def test_each_view_has_what_is_open_of_its_kind(office: Office) -> None:
    threshold = office.reading.threshold
    office.write(
        make("barely", confidence=threshold),
        make("barely, handled", 1, confidence=threshold, handled=True),
        make("not helpful", 2, helpful=False),
        make("helpful", 3, helpful=True),
        unanswered("unanswered", 4),
        unanswered("personal", 5, reason=Reason.PERSONAL_ADVICE),
    ).close()

    assert found(office, view=View.UNANSWERED) == ["unanswered"]
    assert found(office, view=View.BARELY) == ["barely"]
    assert found(office, view=View.UNHELPFUL) == ["not helpful"]
    assert found(office, view=View.UNHELPFUL, judged=Judged.HELPFUL) == []
    assert found(office, view=View.BARELY, handled=True) == []
    assert found(office, handled=True) == ["barely, handled"]
    assert len(found(office)) == 6


def test_questions_are_found_by_the_passage_or_the_document_that_was_shown_and_by_their_entries(
    office: Office,
) -> None:
    office.write(
        make("both", passages=(ShownScore("faq#a-1", 0.9), ShownScore("article#b-2", 0.5))),
        make("a longer name", 1, passages=(ShownScore("faq#a-12", 0.9),)),
        make("another page", 2, passages=(ShownScore("faq-two#a-1", 0.9),)),
        unanswered("nothing", 3),
    ).close()

    assert found(office, shown="faq#a-1") == ["both"]
    assert found(office, shown="article") == ["both"]
    assert found(office, shown="faq") == ["a longer name", "both"]
    assert found(office, shown="%") == []
    assert found(office, entries=(2, 4)) == ["nothing", "a longer name"]


def test_an_address_opens_its_questions_with_the_days_and_the_filter_that_it_names(office: Office) -> None:
    office.write(make("barely", confidence=office.reading.threshold), unanswered("nothing", 30)).close()
    part = office.questions()
    day = (NOON + 30 * HOUR).date().isoformat()

    opened = part.open("?entries=2", "30", "", "")
    barely = part.open("?view=barely", "30", "", "")

    shown = dict(zip([id(part) for part in part.opened], opened, strict=True))
    assert opened[:3] == [DATES, day, day]
    assert shown[id(part.asked)] == "entries=2"
    assert any("Only entry 2." in str(value) for value in opened)
    assert any('<details class="ks-entry" open>' in str(value) for value in opened)
    assert barely[:3] == ["30", "", ""]
    assert barely[4] == "barely"


def test_what_waits_on_the_overview_leads_to_just_these_questions(office: Office) -> None:
    office.write(make("no", helpful=False), unanswered("nothing"), unanswered("done", handled=True)).close()

    head = office.overview()[0]

    found = [QuestionFilter.read(dict(parse_qsl(unescape(query)))) for query in re.findall(r'href="\?([^"]*)"', head)]
    assert found == [QuestionFilter(View.UNANSWERED), QuestionFilter(View.UNHELPFUL)]
    assert "1 question that nothing answered" in head


def test_a_page_past_the_last_is_the_last(office: Office) -> None:
    office.write(*[make(str(at), at / 100) for at in range(45)], made_up=True).close()
    tab = QuestionsTab(office.context, office.reading)

    page = tab.page(QuestionFilter(), WEEK, 99)

    assert (page.number, page.total) == (2, 45)
    assert [entry.question for entry in page.entries] == ["4", "3", "2", "1", "0"]
    assert "41 to 45 of 45" in tab.head(page, QuestionFilter(), WEEK)


def test_a_pager_shows_only_the_ways_that_lead_somewhere() -> None:
    assert [update.get("visible", update.get("interactive")) for update in pages(0, 20, 20)] == [False, False, False]
    assert [update.get("visible", update.get("interactive")) for update in pages(0, 21, 20)] == [True, False, True]
    assert [update.get("visible", update.get("interactive")) for update in pages(1, 21, 20)] == [True, True, False]
    assert [number(text) for text in ("3", "-1", "²", None, "9" * 20, "x")] == [3, 0, 0, 0, 0, 0]


def test_an_entry_shows_all_that_the_journal_has_and_links_what_was_shown(office: Office) -> None:
    shown = (ShownScore(office.passage, 0.91), ShownScore("gone#1", 0.5))
    entry = make(
        "how long?", passages=shown, confidence=0.42, helpful=False, feedback="too long", handled=True, build="old"
    )
    html = QuestionsTab(office.context, office.reading).entry(replace(entry, id=7))

    assert f'href="/help/source/{office.passage}"' in html
    for text in ("how long?", "score 0.91", "no longer part of the corpus", "0.42", "too long", "old", "another one"):
        assert text in html
    assert "<dd>7, handled</dd>" in html


def test_what_visitors_typed_is_text_wherever_it_is_shown(office: Office) -> None:
    office.write(
        unanswered(HOSTILE, missing=(HOSTILE,)), make(HOSTILE, 1, helpful=False, feedback=HOSTILE), made_up=True
    ).close()
    questions, gaps = QuestionsTab(office.context, office.reading), GapsTab(office.context, office.reading)
    shown = [questions.entry(entry) for entry in questions.page(QuestionFilter(), WEEK, 0).entries]
    shown += [gaps.gap(gap, 1, WEEK) for gap in office.reading.gaps(WEEK)]

    assert len(shown) == 3
    for html in shown:
        assert "&lt;script&gt;alert(1)" in html
        assert "<script" not in html
        assert "<img" not in html
        assert "{{ 7*7 }}" in html
        assert "\n" not in html


def test_a_mark_is_kept_and_stands_in_the_trail(office: Office) -> None:
    office.write(unanswered("parking?"), unanswered("is there parking?", 1)).close()
    tab = QuestionsTab(office.context, office.reading)
    (gap,) = office.reading.gaps(WEEK)
    last = tab.page(QuestionFilter(), WEEK, 0).entries[0]

    assert tab.mark(last.id, "ada", handled=True).handled
    assert not tab.mark(last.id, "ada", handled=False).handled
    assert GapsTab(office.context, office.reading).mark(gap.entries, "bo") == 2
    assert office.reading.gaps(WEEK) == ()
    with pytest.raises(InputError, match="no longer in the journal"):
        tab.mark(999, "ada", handled=True)
    assert office.events() == [
        ("ada", "handled", f"entry {last.id}"),
        ("ada", "not handled", f"entry {last.id}"),
        ("bo", "handled", "2 questions of a gap"),
    ]


# Downloads.


def test_the_table_has_no_formula_and_the_trail_has_no_words(office: Office) -> None:
    office.write(make('=HYPERLINK("http://x")'), make("how long", 1), make("my secret", 2)).close()

    response = office.client().get("/staff/download/questions.csv?since=2020-01-01&text=h")
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))

    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="questions.csv"'
    assert [row["question"] for row in rows] == ["how long", '\'=HYPERLINK("http://x")']
    ((who, event, detail),) = office.events()
    assert (who, event) == ("ada", "exported")
    assert detail == f"2 questions, 2020-01-01 to {TODAY}, all, with words"


def test_a_long_table_comes_in_parts_with_one_heading(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_AT_ONCE", 2)
    office.write(*[make(str(at), at / 100) for at in range(4)], made_up=True).close()

    response = office.client().get("/staff/download/questions.csv?since=2020-01-01")

    lines = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [line[3] for line in lines] == ["question", "3", "2", "1", "0"]
    assert "made-up-questions.csv" in response.headers["content-disposition"]


def test_drafts_are_yaml_of_all_gaps_or_of_one(office: Office) -> None:
    office.write(
        unanswered("parking for trucks", missing=("trucks",)), unanswered("pets?", 1, missing=("pets",))
    ).close()
    (pets,) = (gap for gap in office.reading.gaps(WEEK) if gap.concept == "pets")
    client = office.client()

    every = yaml.safe_load(client.get("/staff/download/drafts.yaml?since=2020-01-01").text)
    one = yaml.safe_load(client.get(f"/staff/download/drafts.yaml?since=2020-01-01&gap={pets.entries[0]}").text)

    assert {topic["missing"] for topic in every} == {"trucks", "pets"}
    assert [topic["missing"] for topic in one] == ["pets"]
    assert [event[2].split(",")[0] for event in office.events()] == ["2 drafts", "1 drafts"]


def test_nothing_is_given_to_who_is_not_signed_in_or_asks_for_no_period(office: Office) -> None:
    office.write(make("how long")).close()

    assert office.client(None).get("/staff/download/questions.csv?since=2020-01-01").status_code == 401
    refused = office.client().get("/staff/download/questions.csv?since=soon")
    assert (refused.status_code, refused.text) == (400, 'the first day is "soon": write it as 2026-01-31\n')
    assert office.events() == []


def test_nothing_is_given_that_the_trail_can_not_take(office: Office, tmp_path: Path) -> None:
    office.write(make("how long")).close()
    (tmp_path / "staff").write_text("a file where the folder should be", encoding="utf-8")

    response = office.client().get("/staff/download/questions.csv?since=2020-01-01")

    assert response.status_code != 200
    assert "how long" not in response.text


def test_urgent_messages_are_in_no_list(office: Office) -> None:
    journal = office.write(make("how long"))
    journal.count_urgent(NOON.date(), Outcome.EMERGENCY)

    assert journal.urgent(WEEK.since, TODAY) == [UrgentCount(NOON.date(), Outcome.EMERGENCY, 1)]
    assert found(office) == ["how long"]
