from __future__ import annotations

from typing import TYPE_CHECKING

from bench.peers.parts import Comparison, Part, Plan
from bench.peers.report import Report
from bench.peers.systems import PEERS, RETRIEVAL

if TYPE_CHECKING:
    from pathlib import Path

_PLAN = Plan(rounds=2, questions=10, callers=(1, 32), load_s=1.0, small=50, large=0)
_FIGURES = ("p50_ms", "p95_ms", "p99_ms", "cpu_p50_ms", "cold_s", "cold_cpu_s", "resident_mib", "index_mib")

_OTHER_PARTS = {
    "load": [f"{name}_{callers}" for name in ("a_second", "load_p95_ms", "errors") for callers in (1, 32)],
    "build": ["small_build_s", "small_build_work_s"],
    "large": [
        *("large_build_s", "large_build_work_s", "large_index_mib"),
        *("large_cold_s", "large_resident_mib", "large_p50_ms"),
    ],
}


def _part(**systems: tuple[float, float]) -> Part:
    part = Part("2026-01-01 00:00 UTC", "2 cores", _PLAN, passages=73, others=[0.0, 0.1], load_averages=[0.5, 0.7])
    for name, rounds in systems.items():
        for value in rounds:
            part.add(name, **dict.fromkeys(_FIGURES, value))
    return part


def _report() -> Report:
    peer, slower = PEERS[:2]
    part = _part(**{RETRIEVAL.name: (1.0, 2.0), peer.name: (6.0, 10.0), slower.name: (30.0, 30.0)})
    part.hits = {RETRIEVAL.name: (8, 9, 10), peer.name: (7, 9, 10), slower.name: (7, 9, 10)}
    return Report(Comparison({"questions": part}), [RETRIEVAL, peer, slower])


def test_the_report_says_which_targets_are_missed() -> None:
    # 5.5 times: more than the 5 of the cold start and the 2 of the memory, less than the 8 of one question.
    lines = [line for line in _report().as_markdown().splitlines() if line.endswith((" yes |", " no |"))]
    assert [line.split(" | ")[-2:] for line in lines] == [
        ["5.5 (5.0 to 6.0) times", "no |"],
        ["5.5 (5.0 to 6.0) times", "yes |"],
        ["5.5 (5.0 to 6.0) times", "yes |"],
    ]


def test_the_report_says_how_disturbed_its_figures_are() -> None:
    assert "Other processes used 5 (0 to 10) % of the machine meanwhile" in _report().as_markdown()
    assert "was 0.6 (0.5 to 0.7)" in _report().as_markdown()


def test_every_part_has_a_table_with_a_line_for_each_system_that_it_measured() -> None:
    report = _report()
    for name, figures in _OTHER_PARTS.items():
        part = report.comparison.parts[name] = _part()
        for system in (RETRIEVAL.name, PEERS[0].name):
            part.add(system, **dict.fromkeys(figures, 7.0))
    text = report.as_markdown()
    assert "## Over HTTP, 1 s for each number of callers" in text
    assert "Errors of all systems together: 28." in text
    assert f"| {RETRIEVAL.name} | 7 | 7 | 7 | 7 |" in text  # two figures for each of two numbers of callers
    assert f"| {PEERS[0].name} | 7.0 | 7.0 |" in text  # the small index
    assert f"| {PEERS[0].name} | 7.0 | 7.0 | 7.0 | 7.00 | 7 | 7.00 |" in text  # the large one


def test_parts_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    comparison = _report().comparison
    comparison.versions = {RETRIEVAL.name: {"numpy": "2.4.6"}}
    comparison.write(tmp_path / "peers.json")
    assert Comparison.read(tmp_path / "peers.json") == comparison


def test_nothing_measured_yet_is_no_error(tmp_path: Path) -> None:
    assert Comparison.read(tmp_path / "peers.json") == Comparison()
