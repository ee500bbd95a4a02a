"""The parts of the comparison, each with its own values, date and disturbance, kept in one JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# In the order in which they are run. "questions": one at a time, cold start, memory, right answers. "load": over
# HTTP. "build": a small index. "large": a large one, and questions to it.
PARTS = ("questions", "load", "build", "large")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int  # of each part but the large one, which is run once
    questions: int  # golden questions asked in each round
    callers: tuple[int, ...]
    load_s: float  # seconds of load for each number of callers
    small: int  # passages of the small index
    large: int  # of the large one


@dataclass(slots=True)
class Part:
    """What one part measured."""

    date: str
    machine: str
    plan: Plan
    passages: int  # of the corpus
    minutes: float = 0.0
    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)  # system -> figure -> a value a round
    hits: dict[str, tuple[int, int, int]] = field(default_factory=dict)  # right first, right in three, questions
    threads: dict[str, int] = field(default_factory=dict)  # of OpenMP, of each peer
    others: list[float] = field(default_factory=list)  # share of the machine that others used, [0, 1], one a round
    load_averages: list[float] = field(default_factory=list)  # over a minute, before each round

    def add(self, system: str, **figures: float) -> None:
        """Keep one value of each figure."""
        for name, value in figures.items():
            self.values.setdefault(system, {}).setdefault(name, []).append(value)


@dataclass(slots=True)
class Comparison:
    """All parts that were ever measured, the last time of each."""

    parts: dict[str, Part] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)  # system -> package -> version

    @classmethod
    def read(cls, path: Path) -> Comparison:
        """Read what `write` wrote; nothing where there is no such file."""
        if not path.is_file():
            return cls()
        data = json.loads(path.read_text(encoding="utf-8"))
        parts = {}
        for name, part in data["parts"].items():
            plan = Plan(**{**part["plan"], "callers": tuple(part["plan"]["callers"])})
            hits = {system: (first, three, total) for system, (first, three, total) in part["hits"].items()}
            parts[name] = Part(**{**part, "plan": plan, "hits": hits})
        return cls(parts, data["versions"])

    def write(self, path: Path) -> None:
        """Write every value of every round as JSON."""
        parts = {name: asdict(self.parts[name]) for name in PARTS if name in self.parts}
        content = {"parts": parts, "versions": self.versions}
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
