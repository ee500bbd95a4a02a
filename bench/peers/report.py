"""What was measured, as Markdown for people and as JSON for everything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from bench.peers.figures import Spread, Target, Verdict, judge
from bench.peers.parts import PARTS
from bench.peers.systems import FULL, RETRIEVAL
from kbot.evaluation import Rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.peers.parts import Comparison, Part
    from bench.peers.systems import System

TARGETS = {
    "p50_ms": Target("one question, p50: at least 8 times faster", 8.0),
    "cold_s": Target("cold start to first answer: at least 5 times faster", 5.0),
    "resident_mib": Target("resident memory: at most half", 2.0),
}
_NONE = "–"


class Column(NamedTuple):
    """One column of a table."""

    title: str
    figure: str  # its key in `Results.values`
    digits: int


_QUESTIONS = (
    Column("p50, ms", "p50_ms", 2),
    Column("p95, ms", "p95_ms", 1),
    Column("p99, ms", "p99_ms", 1),
    Column("its processor time p50, ms", "cpu_p50_ms", 2),
    Column("cold start to first answer, s", "cold_s", 2),
    Column("its processor time, s", "cold_cpu_s", 2),
    Column("resident memory, MiB", "resident_mib", 0),
    Column("index, MiB", "index_mib", 2),
)
_LARGE = (
    Column("index, MiB", "large_index_mib", 1),
    Column("cold start to first answer, s", "large_cold_s", 2),
    Column("resident memory, MiB", "large_resident_mib", 0),
    Column("one question p50, ms", "large_p50_ms", 2),
)
_HEAD = """\
# kbot beside its peers

Made by `python -m bench.peers`, which replaces this file; below each table stands when, on what machine and how
undisturbed it was measured. Every value of every round is in peers.json.

Every system gets the same passages, the same all-MiniLM-L6-v2 weights and the same questions, and they take turns,
each round beginning with another one. Figures are medians over the rounds, the least and the most in brackets."""
_TARGETS = """
## Against the targets, retrieval only

| target | best peer | kbot is better by | reached |
|---|---|---|---|"""
_RIGHT = """
## Right answers to the same questions

A passage is right if it holds a golden quote. For the whole of kbot only passages shown as an answer count, and it
hands over where it isn't sure; the others show three passages to whatever is asked. Intervals are at 95 %.

| system | right first | right among three |
|---|---|---|"""
_LOAD = """
Errors of all systems together: {errors:.0f}. All but `{full}` stand behind the same FastAPI app; that one is kbot's
own, with its checks of requests, its headers and its limits. txtai answers one question at a time: several threads on
its database end its process."""
_EXPORT = """
kbot's work includes the export of the encoder to int8 ONNX, which `kbot build` does once and keeps."""
_MADE_UP = """
The passages are made of sentences of the corpus, drawn with a fixed seed (`bench/peers/texts.py`)."""
_VERSIONS = """
## Versions

A peer's number of threads is the one with which it answered one question soonest, tried before the rounds. Every
package of every environment stands in peers.json.

| system | packages | OpenMP threads |
|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Report:
    """The comparison, ready to be read."""

    comparison: Comparison
    systems: Sequence[System]

    def verdicts(self) -> list[Verdict]:
        """Return each target with what was measured, retrieval only against retrieval only."""
        values = self.comparison.parts["questions"].values
        peers = [system.name for system in self.systems if system.is_peer]
        return [
            judge(target, values[RETRIEVAL.name][figure], {name: values[name][figure] for name in peers})
            for figure, target in TARGETS.items()
        ]

    def as_markdown(self) -> str:
        """Return the tables of all parts that were measured."""
        writers = {
            "questions": self._questions,
            "load": self._load,
            "build": self._build,
            "large": self._large,
        }
        lines = [_HEAD]
        parts = self.comparison.parts
        for name in PARTS:
            if name in parts:
                lines += writers[name](parts[name])
                lines.append(_made(parts[name]))
        return "\n".join([*lines, *self._versions()]) + "\n"

    def _questions(self, part: Part) -> Iterator[str]:
        yield _TARGETS
        for verdict in self.verdicts():
            reached = "yes" if verdict.reached else "no"
            yield f"| {verdict.target.what} | {verdict.peer} | {verdict.times_better.shown(1)} times | {reached} |"
        yield f"\n## One question at a time, {part.passages} passages, {part.plan.questions} questions a round\n"
        yield from self._table(part, _QUESTIONS)
        yield _RIGHT
        for system in self.systems:
            if system.name in part.hits:
                first, three, total = part.hits[system.name]
                rates = [Rate(hits, total) for hits in (first, three)]
                cells = [f"{r.value:.3f} ({r.interval()[0]:.3f} to {r.interval()[1]:.3f}) of {total}" for r in rates]
                yield f"| {system.name} | {' | '.join(cells)} |"

    def _load(self, part: Part) -> Iterator[str]:
        yield f"\n## Over HTTP, {part.plan.load_s:.0f} s for each number of callers\n"
        columns = []
        for number in part.plan.callers:
            columns.append(Column(f"{number} at once: answers a second", f"a_second_{number}", 0))
            columns.append(Column("p95, ms", f"load_p95_ms_{number}", 0))
        yield from self._table(part, columns)
        figures = [f"errors_{number}" for number in part.plan.callers]
        errors = sum(sum(values[figure]) for values in part.values.values() for figure in figures)
        yield _LOAD.format(errors=errors, full=FULL.name)

    def _build(self, part: Part) -> Iterator[str]:
        yield f"\n## Making an index of {part.plan.small} passages\n"
        yield from self._table(part, _building("small_build"))
        yield _EXPORT

    def _large(self, part: Part) -> Iterator[str]:
        yield f"\n## {part.plan.large:,} passages, once\n"
        yield from self._table(part, [*_building("large_build"), *_LARGE])
        yield _MADE_UP

    def _table(self, part: Part, columns: Sequence[Column]) -> Iterator[str]:
        yield "| system | " + " | ".join(column.title for column in columns) + " |"
        yield "|---" * (len(columns) + 1) + "|"
        for system in self.systems:
            if values := part.values.get(system.name):
                cells = [Spread.of(values[column.figure]).shown(column.digits) for column in columns]
                yield f"| {system.name} | {' | '.join(cells)} |"

    def _versions(self) -> Iterator[str]:
        yield _VERSIONS
        threads = {name: n for part in self.comparison.parts.values() for name, n in part.threads.items()}
        for system in self.systems:
            installed = self.comparison.versions.get(system.name, {})
            shown = ", ".join(f"{name} {installed[name]}" for name in system.packages if name in installed)
            yield f"| {system.name} | {shown} | {threads.get(system.name, _NONE)} |"


def _made(part: Part) -> str:
    others = Spread.of([100 * share for share in part.others]).shown(0)
    return (
        f"\nMeasured on {part.date}, {Spread.of(part.others).rounds} rounds in {part.minutes:.0f} minutes, on "
        f"{part.machine}. Other processes used {others} % of the machine meanwhile; the load average before a round "
        f"was {Spread.of(part.load_averages).shown(1)}."
    )


def _building(name: str) -> list[Column]:
    return [
        Column("process start to end, s", f"{name}_s", 1),
        Column("the work alone, s", f"{name}_work_s", 1),
    ]
