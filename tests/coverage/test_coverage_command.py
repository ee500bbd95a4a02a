from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kbot.cli import main

if TYPE_CHECKING:
    from kbot.service import Service

INDEX = ["--index", str(Path(__file__).parents[2] / "index")]


@pytest.fixture(scope="module")
def demo(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo journal of two weeks up to the fourteenth of March 2026, made by the command."""
    assert service.build
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    assert main(["demo-journal", str(path), "--days", "14", "--until", "2026-03-14", *INDEX]) == 0
    return path


def coverage(*arguments: str) -> int:
    return main(["coverage", *arguments, *INDEX])


def test_the_demo_says_in_the_report_that_it_is_made_up(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert coverage("--journal", str(demo), "--until", "2026-03-14", "--days", "14") == 0
    out = capsys.readouterr().out
    assert out.startswith("*** MADE-UP DEMO DATA")
    for title in ("What to write next", "Asked most", "Answered, but barely", "Passages that were never shown"):
        assert f"\n{title}" in out


def test_a_demo_never_overwrites_a_file(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = demo.read_bytes()
    assert main(["demo-journal", str(demo), *INDEX]) == 1
    assert "is there already and is left as it is" in capsys.readouterr().err
    assert demo.read_bytes() == before


def test_the_json_of_a_journal_that_is_not_there_is_the_checklist(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert service.build
    missing = tmp_path / "none" / "journal.db"
    assert coverage("--json", "--journal", str(missing)) == 0
    said = capsys.readouterr()
    assert "there is no journal yet" in said.err
    report = json.loads(said.out)
    assert not missing.exists()
    assert (report["entries"], report["made_up"], report["write_next"]) == (0, False, [])
    checklist = report["checklist"]
    # Floors of the first clinic's bank: all but a few of its own phrasings get their answer.
    assert checklist["phrasings"]["value"] >= 0.97
    assert checklist["counts"]["answered"] >= 90
    assert checklist["counts"]["not_covered"] >= 150
    assert "driving-after" in checklist["write_first"][:10]


@pytest.mark.parametrize("arguments", [["--days", "0"], ["--since", "2026-02-01", "--until", "2026-01-01"]])
def test_a_period_that_cannot_be_is_an_error_that_says_what_to_give(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert coverage(*arguments) == 1
    assert "give" in capsys.readouterr().err


def test_a_day_that_is_none_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        coverage("--since", "yesterday")
    assert ended.value.code == 2
    assert "--since" in capsys.readouterr().err
