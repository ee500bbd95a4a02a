from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from bench.scale import fill, goals, switch, tables
from bench.scale_format import duration, number, size
from bench.scale_inputs import read_figures
from bench.scale_sums import (
    cores,
    disk_bytes,
    hit_cost,
    hit_share,
    links_bytes,
    machines,
    memory_bytes,
    mixed,
    search_ms,
    search_traffic,
    text_bytes,
)

if TYPE_CHECKING:
    from pathlib import Path


def run(kind: str, vectors: int, cpu_ms: float, recall: float) -> dict[str, object]:
    times = {"p50_ms": cpu_ms, "p50_cpu_ms": cpu_ms, "recall_at_10": recall}
    return {"size": vectors, "kind": kind, **times, "resident_mib": 700.0, "other_load": 0.1}


def load(case: str, cpu_ms: float, from_memory: float = 0.0) -> dict[str, object]:
    callers = 50 if case.startswith("chat") else 32
    return {"case": case, "callers": callers, "cpu_ms": cpu_ms, "from_memory": from_memory, "per_second": 90.0}


def test_cores_are_those_that_the_work_of_a_second_fills_to_the_share_that_is_allowed() -> None:
    assert cores(10_000, 20.0, busy=0.5) == 400
    assert cores(10_000, 20.3, busy=0.6) == 339
    assert cores(0.1, 20.0, busy=0.6) == 1


def test_the_cost_of_an_answer_from_memory_is_what_two_mixes_say() -> None:
    # Four questions at 20 ms are 80; with one of them from memory they were measured at 4 x 15.5 = 62, so it took 2.
    assert hit_cost(20.0, 15.5, 0.25) == pytest.approx(2.0)
    assert mixed(20.0, 2.0, 0.25) == pytest.approx(15.5)
    assert hit_cost(20.0, 10.0, 0.25) == 0.0  # the mixes were measured at different times: never less than nothing


def test_caches_of_many_processes_help_only_with_what_is_asked_more_often_than_there_are_processes() -> None:
    assert hit_share(300, 100) == 0.75
    assert hit_share(100, 100) == 0.5
    assert hit_share(1, 99) == pytest.approx(0.01)


def test_bytes_of_a_vector_are_its_numbers_and_its_links() -> None:
    # 64 links of 4 bytes on the ground, 12 bytes a node, and 32 links on 1/32 + 1/1024 + ... = 1/31 levels above.
    assert links_bytes() == pytest.approx(384 + 12 + 192 / 47)
    assert memory_bytes("flat", 384) == 1536
    assert memory_bytes("hnsw-sq8", 384) == pytest.approx(256 + links_bytes())
    assert memory_bytes("ivf-pq", 384) == 48 + 8
    assert disk_bytes("ivf-pq", 384) == 48 + 8 + 1536
    assert disk_bytes("hnsw", 384) == memory_bytes("hnsw", 384)
    with pytest.raises(ValueError, match="'tree' is no kind of index"):
        memory_bytes("tree", 384)


def test_machines_hold_each_copy_whole_and_none_is_filled_to_the_brim() -> None:
    assert machines(70e9, memory=100e9, filled=0.7, copies=2) == 2
    assert machines(71e9, memory=100e9, filled=0.7, copies=2) == 4


def test_a_search_grows_with_the_logarithm_at_best_and_with_the_number_of_graphs_at_worst() -> None:
    best, worst = search_ms(1e12, 1e6, 2.0)
    assert best == pytest.approx(4.0)
    assert worst == 2_000_000.0
    assert search_ms(1e3, 1e6, 2.0) == (2.0, 2.0)  # never less than was measured


def test_a_character_of_a_passage_is_kept_twice() -> None:
    assert text_bytes(1000.0, 200.0, 500.0) == 1600.0


def test_a_search_sends_a_vector_and_gets_ids_with_cosines() -> None:
    assert search_traffic(384, 80, 56.0, frame=200) == (200 + 1536, 200 + 80 * 66)


def test_figures_are_written_with_three_digits_that_count() -> None:
    assert [number(value) for value in (0, 0.012345, 1.2345, 99.95, 12_345, 2_808_219_178)] == [
        "0", "0.0123", "1.23", "100", "12,300", "2,810,000,000",
    ]  # fmt: skip
    assert [size(value) for value in (1536, 999_600, 4.3e13)] == ["1.54 kB", "1 MB", "43 TB"]
    assert [duration(value) for value in (0.0123, 90, 7200, 864_000)] == ["12.3 ms", "90 s", "2 h", "10 days"]


def test_figures_come_from_the_results_and_the_largest_graph_counts(tmp_path: Path) -> None:
    figures = [load("rest, distinct", 20.0), load("rest, distinct", 22.0), load("rest, distinct", 30.0)]
    figures += [load("rest, repeats", 17.0, 0.25), load("chat, distinct", 35.0)]
    content = {"machine": "2 cores of something", "figures": figures}
    (tmp_path / "load.json").write_text(json.dumps(content))
    runs = [run("hnsw", 10_000, 0.4, 0.99), run("hnsw-sq8", 1_000_000, 2.5, 0.98), run("flat", 2_000_000, 9.0, 1.0)]
    (tmp_path / "growth.json").write_text(json.dumps({"runs": runs}))

    read = read_figures(tmp_path)

    assert (read["miss_ms"], read["chat_ms"], read["load_cores"]) == (22.0, 35.0, 2)  # the median of three rounds
    assert read["hit_ms"] == pytest.approx(2.0)
    assert (read["graph_at"], read["graph_ms"]) == (1_000_000, 2.5)


def test_a_table_whose_figure_nobody_has_measured_says_which_and_how(tmp_path: Path) -> None:
    made = tables(tmp_path)

    assert made["cores"] == ["*Not calculated yet: `miss_ms` is missing, `python -m bench.load` measures it*"]
    assert made["goals"] == ["*Not measured yet: run `python -m bench.growth`*"]
    assert made["vectors"][2].startswith("| flat | 1,540 |")  # needs nothing but arithmetic


def test_a_kind_that_is_not_measured_at_a_million_has_no_verdict_and_a_miss_is_named() -> None:
    lines = goals([run("hnsw", 10_000, 0.4, 0.99), run("ivf-sq8", 1_000_000, 3.0, 0.9)])

    assert lines[2].endswith("| not measured at a million |")
    assert lines[3].endswith("| no: recall |")


def test_the_fastest_kind_that_finds_enough_is_marked() -> None:
    runs = [run("flat", 1000, 0.1, 1.0), run("hnsw", 1000, 0.2, 1.0), run("flat", 9000, 1.2, 1.0)]
    runs += [run("hnsw", 9000, 0.4, 0.99), run("ivf-sq8", 9000, 0.1, 0.9)]

    assert switch(runs)[2:4] == [
        "| 1,000 | **0.1 (1.0)** | 0.2 (1.0) | not measured |",
        "| 9,000 | 1.2 (1.0) | **0.4 (0.99)** | 0.1 (0.9) |",
    ]


def test_tables_take_the_place_of_what_stands_between_their_marks_and_nothing_else() -> None:
    text = "before\n<!-- bench.scale: a -->\nold\n<!-- end -->\nafter\n<!-- bench.scale: b -->\n<!-- end -->\n"
    made = {"a": ["new", "lines"], "b": ["more"]}

    filled = fill(text, made)

    assert filled == (
        "before\n<!-- bench.scale: a -->\nnew\nlines\n<!-- end -->\n"
        "after\n<!-- bench.scale: b -->\nmore\n<!-- end -->\n"
    )
    assert fill(filled, made) == filled


def test_a_mark_without_an_end_or_without_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="2 marks begin"):
        fill("<!-- bench.scale: a -->\n<!-- bench.scale: a -->\n<!-- end -->\n", {"a": []})
    with pytest.raises(ValueError, match="no table is called c"):
        fill("<!-- bench.scale: c -->\n<!-- end -->\n", {"a": []})
