from __future__ import annotations

import csv
import datetime
import json
from typing import TYPE_CHECKING

import pytest

from kbot.coverage.as_csv import csv_text, write_csv
from kbot.coverage.as_json import as_json
from kbot.coverage.checklist import make_checklist
from kbot.coverage.report import CoverageReport, make_report, with_checklist
from kbot.coverage.terminal import render_report
from kbot.errors import InputError
from kbot.journal.entries import UrgentCount
from kbot.records import Fallback, Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from tests.coverage.conftest import MakesEntry, MemoryJournal

    from kbot.coverage.period import Period
    from kbot.search.index import SearchIndex

EVIL = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", '=HYPERLINK("http://evil.example")')


@pytest.fixture
def report(
    entry: MakesEntry, index: SearchIndex, ids: dict[str, str], january: Period, journal: type[MemoryJournal]
) -> CoverageReport:
    """Six entries of the period, one after it, two urgent messages."""
    entries = [
        entry("How long does it take?", shown=[ids["A"]], day=1),
        entry("how long does it take", shown=[ids["A"]], day=2, helpful=False, feedback="=cmd|' /C calc'!A0"),
        entry("side effects", shown=[ids["Nausea"]], confidence=0.35, day=2),
        entry("pregnant?", Outcome.CLINICIAN, missing=("pregnancy",), day=7),
        entry("\x1b[2J\x1b[31mevil escape", Outcome.CLINICIAN, missing=("escapes",), day=8),
        entry("hello", Outcome.GREETING, day=3),
        entry("after the period", day=20),
    ]
    return make_report(journal(entries, [UrgentCount(datetime.date(2026, 1, 2), Outcome.CRISIS, 2)]), index, january)


def test_a_report_is_about_its_period_only(report: CoverageReport) -> None:
    assert report.entries == 6
    assert {o.value: n for o, n in report.activity.outcomes.items()} == {
        "answer": 3,
        "clinician": 2,
        "greeting": 1,
        "crisis": 2,
        "emergency": 0,
    }


def test_the_top_question_is_counted_in_all_its_wordings(report: CoverageReport) -> None:
    top = report.top[0]
    assert (top.question, top.count, top.answered, top.wordings) == ("How long does it take?", 2, 2, 1)
    assert "hello" not in {top.question for top in report.top}


def test_the_json_has_every_key_and_is_json(report: CoverageReport) -> None:
    found = json.loads(json.dumps(as_json(report)))
    assert list(found) == [
        "note", "made_up", "build", "period", "entries", "outcomes", "days", "answered", "covered", "helpful",
        "reasons", "top_questions", "write_next", "threshold", "near_misses", "unhelpful", "never_shown", "disliked",
        "checklist",
    ]  # fmt: skip
    assert found["period"] == {"since": "2026-01-01", "until": "2026-01-10", "days": 10}
    assert found["days"][1] == {"day": "2026-01-02", "answer": 2, "clinician": 0, "crisis": 2, "emergency": 0} | {
        "greeting": 0
    }
    # Wilson of 3 of 5, from an independent calculator.
    assert found["answered"] == {"value": 0.6, "hits": 3, "total": 5, "low": 0.2307, "high": 0.8824}
    assert {gap["concept"]: gap["trend"] for gap in found["write_next"]} == {"pregnancy": 1, "escapes": 1}
    assert set(found["write_next"][0]) == {
        "concept", "count", "recent", "before", "trend", "examples", "topic", "nearest", "draft", "entries",
    }  # fmt: skip
    assert [answer["question"] for answer in found["near_misses"]] == ["side effects"]
    assert [answer["feedback"] for answer in found["unhelpful"]] == ["=cmd|' /C calc'!A0"]
    assert [use["text"] for use in found["never_shown"]] == ["Parking is free behind the house."]
    assert found["checklist"] is None


def test_the_checklist_stands_in_json_and_text(report: CoverageReport, index: SearchIndex) -> None:
    checklist = make_checklist(index, lambda question: Fallback(question, Outcome.CLINICIAN, "", ()))
    whole = with_checklist(report, checklist)
    found = as_json(whole)["checklist"]
    assert found["counts"] == {"answered": 0, "partly": 2, "not_covered": 1, "personal": 1}
    assert {row["topic"]: row["failing"] for row in found["topics"]}["length"] == 2
    text = render_report(whole)
    assert "2  partly" in text
    assert "0 of 4 cases" in text


def test_a_text_report_lets_no_escape_sequence_through(report: CoverageReport) -> None:
    text = render_report(report)
    assert "evil escape" in text
    assert "\x1b" not in text


def test_without_a_journal_the_report_is_empty_and_says_so(index: SearchIndex, january: Period) -> None:
    report = make_report(None, index, january)
    assert report.empty
    assert not report.made_up
    assert "Nobody has asked anything in this period." in render_report(report)
    assert as_json(report)["answered"] == {"value": 0.0, "hits": 0, "total": 0, "low": 0.0, "high": 1.0}


def test_a_long_period_is_shown_by_weeks_that_sum_up(
    entry: MakesEntry, index: SearchIndex, journal: type[MemoryJournal]
) -> None:
    from kbot.coverage.period import Period

    # The first of January 2026 is a Thursday: its week begins on the 29th of December.
    entries = [entry(day=1), entry(day=2), entry(day=4), entry(day=5)]
    period = Period(datetime.date(2026, 1, 1), datetime.date(2026, 2, 28))
    weeks = render_report(make_report(journal(entries), index, period)).split("Week by week")[1].splitlines()
    counts = {line.split()[0]: int(line.split()[1]) for line in weeks if line.strip().startswith("202")}
    assert {week: count for week, count in counts.items() if count} == {"2025-12-29": 3, "2026-01-05": 1}
    assert len(counts) == 9


@pytest.mark.parametrize("made_up", [True, False])
def test_only_reports_on_made_up_data_say_so_everywhere(
    entry: MakesEntry,
    index: SearchIndex,
    january: Period,
    journal: type[MemoryJournal],
    tmp_path: Path,
    *,
    made_up: bool,
) -> None:
    report = make_report(journal([entry()], made_up=made_up), index, january)
    assert as_json(report)["made_up"] is made_up
    assert as_json(report)["note"] == ("made-up demo data" if made_up else None)
    assert ("MADE-UP DEMO DATA" in render_report(report)) is made_up
    files = write_csv(report, tmp_path / "out")
    assert len(files) >= 8
    assert all(path.name.startswith("made-up-") is made_up for path in files)


@pytest.mark.parametrize("evil", EVIL)
def test_no_text_of_a_visitor_is_a_formula_in_a_spreadsheet(evil: str) -> None:
    text = csv_text(["question", "count"], [[evil, -3]])
    (_, row) = list(csv.reader(text.splitlines()))
    assert row[0].startswith("'")
    assert row[1] == "-3"


def test_line_breaks_and_quotes_stay_within_their_cell() -> None:
    text = csv_text(["question"], [['a\r\n=1,"b"\u2028=2']])
    assert len(text.splitlines()) == 2
    assert next(iter(csv.reader([text.splitlines()[1]]))) == ['a  =1,"b" =2']


def test_tables_hold_what_the_report_says(report: CoverageReport, tmp_path: Path) -> None:
    paths = {path.name: path for path in write_csv(report, tmp_path)}
    assert set(paths) == {
        "days.csv", "reasons.csv", "top_questions.csv", "write_next.csv", "near_misses.csv", "unhelpful.csv",
        "passages.csv", "drafts.yaml",
    }  # fmt: skip
    rows = list(csv.DictReader(paths["unhelpful.csv"].read_text(encoding="utf-8-sig").splitlines()))
    assert [row["feedback"] for row in rows] == ["'=cmd|' /C calc'!A0"]
    passages = list(csv.DictReader(paths["passages.csv"].read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["shown"], row["unhelpful"]) for row in passages] == [("2", "1"), ("1", "0"), ("0", "0")]
    assert paths["drafts.yaml"].read_text(encoding="utf-8").count("- topic:") == 2


def test_a_folder_that_cannot_be_written_is_named(report: CoverageReport, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file can't be written"):
        write_csv(report, tmp_path / "file")
