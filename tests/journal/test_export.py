from __future__ import annotations

import csv
import datetime
import io
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.journal.entries import UrgentCount
from kbot.journal.export import COLUMNS, safe_cell, write_csv, write_jsonl
from kbot.records import Outcome, Reason

if TYPE_CHECKING:
    from tests.journal.conftest import MakeEntry


@pytest.mark.parametrize(
    "cell",
    [
        '=HYPERLINK("http://evil.example","click")', "+1", "-2+3", "@SUM(A1)", "|cmd", "\t=1", " \u00a0=1",
        "\ufeff=1", "＝1", "\r=1", "\n@x", "%0A=1",
    ],
)  # fmt: skip
def test_a_cell_that_a_spreadsheet_takes_for_a_formula_is_made_a_text(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Is it safe?", "a=b", "2 - 1", "", "'=1", "[NAME] asks", "ñ"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert safe_cell(cell) == cell


def test_no_value_is_an_empty_cell() -> None:
    assert safe_cell(None) == ""


@given(st.text())
def test_no_cell_begins_as_a_formula(cell: str) -> None:
    assert not safe_cell(cell).lstrip(" \t\r\n\v\f\u00a0\u200b\ufeff").startswith(("=", "+", "-", "@", "|", "%"))
    assert safe_cell(cell).removeprefix("'") in {cell, cell.removeprefix("'")}


def test_a_table_has_a_heading_and_a_line_for_each_entry(make_entry: MakeEntry) -> None:
    out = io.StringIO()
    entries = [
        make_entry('=cmd|" /C calc"!A0', id=7),
        make_entry(
            'two\nlines, and "quotes"',
            id=8,
            outcome=Outcome.CLINICIAN,
            reason=Reason.NOT_COVERED,
            missing=("pregnancy", "age"),
            passages=(),
            helpful=False,
            feedback="@me",
            handled=True,
        ),
    ]
    assert write_csv(entries, out) == 2
    rows = list(csv.reader(io.StringIO(out.getvalue())))
    assert rows == [
        list(COLUMNS),
        [
            "7", "2026-03-01T12:00:00+00:00", "chat", '\'=cmd|" /C calc"!A0', "answer", "", "",
            "faq#hurt-1=0.9000 article#pain-2=0.5000", "0.9300", "b1", "4.25", "", "", "no",
        ],
        [
            "8", "2026-03-01T12:00:00+00:00", "chat", 'two\nlines, and "quotes"', "clinician", "not_covered",
            "pregnancy; age", "", "0.9300", "b1", "4.25", "no", "'@me", "yes",
        ],
    ]  # fmt: skip


def test_json_lines_hold_entries_and_counts(make_entry: MakeEntry) -> None:
    out = io.StringIO()
    day = datetime.date(2026, 3, 1)
    assert write_jsonl([make_entry("ñ", id=7)], [UrgentCount(day, Outcome.CRISIS, 2)], out) == 1
    entry, urgent = (json.loads(line) for line in out.getvalue().splitlines())
    assert (entry["entry"]["id"], entry["entry"]["question"], entry["entry"]["time"]) == (
        7,
        "ñ",
        "2026-03-01T12:00:00+00:00",
    )
    assert entry["entry"]["passages"][0] == {"id": "faq#hurt-1", "score": 0.9}
    assert urgent == {"urgent": {"day": "2026-03-01", "outcome": "crisis", "count": 2}}
