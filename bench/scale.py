"""How much 10 million and a billion passages and 10,000 questions a second take: the tables of docs/scale.md.

`python -m bench.scale` prints the tables from what benchmarks left in bench/results; `--write` puts them into
docs/scale.md and docs/growth.md, between the marks there. `--weigh` measures first what no other benchmark does, and
writes bench/results/scale.json; it takes some minutes.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.scale_format import duration, number, size
from bench.scale_inputs import read_figures
from bench.scale_tables import TABLES
from kbot.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RESULTS = Path("bench/results")
DOCUMENTS = (Path("docs/scale.md"), Path("docs/growth.md"))
_MARKED = re.compile(r"(<!-- bench\.scale: ([a-z-]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)
_NOT_YET = "*Not measured yet: {}*"
_GOALS = {"p50_ms": 5.0, "recall_at_10": 0.97, "resident_mib": 2.5 * 1024}  # at a million vectors


def tables(results: Path) -> dict[str, list[str]]:
    """Return every table as lines of Markdown, by its name."""
    figures = read_figures(results)
    made = {table.name: table.lines(figures) for table in TABLES}
    runs = _read(results / "growth.json").get("runs", [])
    made |= {"goals": goals(runs), "switch": switch(runs)}
    weighed = _read(results / "scale.json")
    return made | {"start": start(weighed), "bytes": held(weighed)}


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def goals(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what each kind of index reached at its largest size, beside the goals for a million vectors."""
    if not runs:
        return [_NOT_YET.format("run `python -m bench.growth`")]
    lines = ["| kind | vectors | p50, ms | CPU of it, ms | recall@10 | resident, MiB | load | all three goals |"]
    lines.append("|---" * 8 + "|")
    for kind in dict.fromkeys(run["kind"] for run in runs):
        run = max((run for run in runs if run["kind"] == kind), key=lambda run: run["size"])
        cells = [kind, f"{run['size']:,}", run["p50_ms"], run.get("p50_cpu_ms", "–"), run["recall_at_10"]]
        lines.append(_row([*cells, run["resident_mib"], run["other_load"], _verdict(run)]))
    text = f"p50 under {_GOALS['p50_ms']:g} ms, recall@10 at least {_GOALS['recall_at_10']}, under 2.5 GiB"
    return [
        *lines,
        "",
        f"*Goals at a million: {text}. Load is other work on the machine: above 0.5, p50 is too long.*",
    ]


def _verdict(run: Mapping[str, Any]) -> str:
    if run["size"] < 1_000_000:
        return "not measured at a million"
    missed = [
        name
        for name, reached in (
            ("p50", run["p50_ms"] < _GOALS["p50_ms"]),
            ("recall", run["recall_at_10"] >= _GOALS["recall_at_10"]),
            ("memory", run["resident_mib"] < _GOALS["resident_mib"]),
        )
        if not reached
    ]
    return f"no: {', '.join(missed)}" if missed else "yes"


def switch(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the time of a search by size and kind: the one with the least, of those that find enough, is marked."""
    if not runs:
        return [_NOT_YET.format("run `python -m bench.growth`")]
    kinds = list(dict.fromkeys(run["kind"] for run in runs))
    lines = [_row(["vectors", *kinds]), "|---" * (len(kinds) + 1) + "|"]
    for count in sorted({run["size"] for run in runs}):
        at = {run["kind"]: run for run in runs if run["size"] == count}
        times = {kind: run.get("p50_cpu_ms", run["p50_ms"]) for kind, run in at.items()}
        good = [kind for kind, run in at.items() if run["recall_at_10"] >= _GOALS["recall_at_10"]]
        best = min(good, key=lambda kind: times[kind], default=None)
        cells = [_cell(at.get(kind), times.get(kind), best=kind == best) for kind in kinds]
        lines.append(_row([f"{count:,}", *cells]))
    note = "ms of a search at the median, of the processor where that was taken, and recall@10 in brackets; bold: the"
    return [*lines, "", f"*{note} least time of those with a recall@10 of {_GOALS['recall_at_10']} or more.*"]


def _cell(run: Mapping[str, Any] | None, ms: float | None, *, best: bool) -> str:
    if run is None or ms is None:
        return "not measured"
    text = f"{number(ms)} ({run['recall_at_10']})"
    return f"**{text}**" if best else text


def start(weighed: Mapping[str, Any]) -> list[str]:
    """Return what opening an index costs, of the clinic's and of the made-up one."""
    if not weighed:
        return [_NOT_YET.format("run `python -m bench.scale --weigh`")]
    lines = _beside(weighed, "opening_s", duration)
    where = f"on {weighed['machine']}; load average before it {weighed.get('load_average', 'not taken')}"
    return [*lines, "", f"*Processor time, once each, {where}.*"]


def held(weighed: Mapping[str, Any]) -> list[str]:
    """Return the bytes of the files of both, by what they hold."""
    return _beside(weighed, "bytes", size) if weighed else [_NOT_YET.format("run `python -m bench.scale --weigh`")]


def _beside(weighed: Mapping[str, Any], key: str, show: Callable[[float], str]) -> list[str]:
    own, made = weighed["own"], weighed["made_up"]
    heads = [f"{each['passages']:,} passages in {each['documents']:,} documents" for each in (own, made)]
    rows = [_row([what, show(value), show(made[key][what])]) for what, value in own[key].items()]
    return [_row(["what", *heads]), "|---|---|---|", *rows]


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def fill(text: str, made: Mapping[str, Sequence[str]]) -> str:
    """Return a document with what stands between its marks replaced by the tables that they name.

    Raises:
        ValueError: a mark names no table, or has no end.
    """
    opened, closed = text.count("<!-- bench.scale:"), len(_MARKED.findall(text))
    if opened != closed:
        raise ValueError(f"{opened} marks begin with <!-- bench.scale: NAME -->, {closed} end with <!-- end -->")
    unknown = [name for _, name, _ in _MARKED.findall(text) if name not in made]
    if unknown:
        raise ValueError(f"no table is called {', '.join(unknown)}")
    return _MARKED.sub(lambda m: m.group(1) + "".join(f"{line}\n" for line in made[m.group(2)]) + m.group(3), text)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables, or write them into the documents."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into the documents")
    parser.add_argument("--weigh", action="store_true", help="measure bytes and times first")
    parser.add_argument("--passages", type=int, default=30_000, help="made-up ones that are weighed")
    parser.add_argument("--journal", default="", help="an empty PostgreSQL to weigh rows in, by its URL")
    given = parser.parse_args(arguments)
    if given.weigh:
        from bench.scale_weigh import weigh

        before = _read(RESULTS / "scale.json").get("journal", {})
        weighed = weigh(read_settings().index, given.passages, given.journal)
        if not given.journal and before.get("database") == "PostgreSQL":
            weighed["journal"] = before  # a file of SQLite says less about sizes at which nobody uses one
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "scale.json").write_text(json.dumps(weighed, indent=1) + "\n", encoding="utf-8")
    made = tables(RESULTS)
    if given.write:
        for path in DOCUMENTS:
            path.write_text(fill(path.read_text(encoding="utf-8"), made), encoding="utf-8")
        return
    for name, lines in made.items():
        print("\n".join([f"## {name}\n", *lines, ""]))


if __name__ == "__main__":
    main()
