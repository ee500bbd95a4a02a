from __future__ import annotations

import datetime
import io
import json
import stat
from typing import TYPE_CHECKING

import pytest

from kbot.cli import main
from kbot.journal.command import redact_lines
from kbot.journal.redact import Redactor
from kbot.journal.store import Journal
from kbot.records import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from tests.journal.conftest import MakeEntry

EVER = (datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC), datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC))


@pytest.fixture
def filled(tmp_path: Path, make_entry: MakeEntry) -> str:
    """A journal file with one entry of today, one of January 2026, and a crisis counted in January."""
    place = str(tmp_path / "journal.db")
    journal = Journal.open(place)
    january = datetime.datetime(2026, 1, 31, 9, tzinfo=datetime.UTC)
    journal.add(make_entry("in January", january))
    journal.add(make_entry("today", datetime.datetime.now(datetime.UTC)))
    journal.count_urgent(january.date(), Outcome.CRISIS)
    journal.close()
    return place


def left(place: str) -> list[str]:
    journal = Journal.open(place)
    questions = [entry.question for entry in journal.entries(*EVER)]
    journal.close()
    return questions


# kbot redact


def test_one_text_is_printed_without_personal_details(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redact", "Call Ingrid Solheim at 619-555-0147"]) == 0
    assert capsys.readouterr().out == "Call [NAME] at [PHONE]\n"


def test_redact_wants_either_a_text_or_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redact"]) == 2
    assert main(["redact", "a text", "--jsonl"]) == 2
    assert "--jsonl" in capsys.readouterr().err


def test_lines_come_back_in_order_with_everything_else_in_them() -> None:
    lines = [
        b'{"id": "a", "text": "I am Ingrid Solheim", "note": 1}',
        b"",
        b'{"text": "Is it safe?", "id": 2}',
    ]
    out = io.StringIO()
    assert redact_lines(Redactor(), io.BytesIO(b"\n".join(lines)), out) == 0
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"id": "a", "text": "I am [NAME]", "note": 1},
        {"id": 2, "text": "Is it safe?"},
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"not json", "not JSON"),
        (b'{"id": 1}', '"text"'),
        (b'["text"]', '"text"'),
        (b'{"id": 1, "text": 2}', '"text"'),
        (b'{"text": "\xff"}', "UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (b'{"text": "' + b"x" * 1_000_000 + b'"}', "longer than"),
    ],
)
def test_a_line_that_can_not_be_read_says_why_and_the_rest_goes_on(
    line: bytes, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = io.StringIO()
    assert redact_lines(Redactor(), io.BytesIO(line + b'\n{"id": 2, "text": "fine"}\n'), out) == 1
    bad, good = (json.loads(text) for text in out.getvalue().splitlines())
    assert bad["id"] is None
    assert bad["error"].startswith("line 1")
    assert why in bad["error"]
    assert good == {"id": 2, "text": "fine"}
    assert "line 1" in capsys.readouterr().err


def test_half_of_a_surrogate_pair_is_survived() -> None:
    out = io.StringIO()
    assert redact_lines(Redactor(), io.BytesIO(rb'{"id": 1, "text": "is \ud83d it safe"}'), out) == 0
    assert json.loads(out.getvalue()) == {"id": 1, "text": "is ? it safe"}


# kbot journal


def test_the_path_is_printed_without_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "path", "--journal", "postgresql://kbot:hunter2@db.example/kbot"]) == 0
    assert capsys.readouterr().out == "postgresql+psycopg://kbot:***@db.example/kbot\n"


def test_an_export_is_a_new_file_for_its_owner_only(filled: str, tmp_path: Path) -> None:
    table, lines = tmp_path / "out.csv", tmp_path / "out.jsonl"
    assert main(["journal", "export", str(table), "--journal", filled]) == 0
    assert main(["journal", "export", str(lines), "--journal", filled, "--until", "2026-02-01"]) == 0
    assert table.read_text(encoding="utf-8-sig").count("\n") == 3
    assert [next(iter(json.loads(line))) for line in lines.read_text().splitlines()] == ["entry", "urgent"]
    assert "in January" in lines.read_text()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (table, lines)} == {0o600}


def test_an_export_never_writes_over_a_file(filled: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.csv").write_text("mine")
    assert main(["journal", "export", str(tmp_path / "mine.csv"), "--journal", filled]) == 1
    assert main(["journal", "export", str(tmp_path / "mine.txt"), "--journal", filled]) == 1
    assert main(["journal", "export", str(tmp_path / "no" / "mine.csv"), "--journal", filled]) == 1
    assert (tmp_path / "mine.csv").read_text() == "mine"
    assert capsys.readouterr().err.count("kbot: ") == 3


def test_a_purge_keeps_what_the_retention_allows(filled: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "purge", "--journal", filled, "--retention-days", "30"]) == 0
    assert left(filled) == ["today"]
    assert capsys.readouterr().out.startswith("1 entries")


def test_deleting_says_what_it_deletes(filled: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as misuse:
        main(["journal", "delete", "--journal", filled])
    assert misuse.value.code == 2
    assert main(["journal", "delete", "--journal", filled, "--entry", "99"]) == 1
    assert left(filled) == ["in January", "today"]
    assert main(["journal", "delete", "--journal", filled, "--before", "2026-02-01"]) == 0
    assert left(filled) == ["today"]
    assert main(["journal", "delete", "--journal", filled, "--all"]) == 0
    assert left(filled) == []
    assert "no entry 99" in capsys.readouterr().err


def test_a_journal_that_is_off_can_not_be_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "export", str(tmp_path / "out.csv"), "--journal", "off"]) == 1
    assert "the journal is off" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()
