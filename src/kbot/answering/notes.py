"""What is taken down on the way of one question, so that staff can see why it ended where it did."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kbot.answering.gate import Gate, Verdict
    from kbot.answering.triage import Flag
    from kbot.search.evidence import Evidence


@dataclass(frozen=True, slots=True)
class StepTime:
    """How long one step took."""

    name: str
    ms: float


@dataclass(frozen=True, slots=True)
class Weighing:
    """What the gate was given, and what it said."""

    evidence: Evidence
    features: Mapping[str, float]
    gate: Gate
    verdict: Verdict  # after the rule that refuses strangers to the bank, which may turn it around


class Notes:
    """Notes on one question. The bot writes into them and reads nothing out of them."""

    def __init__(self) -> None:
        self.flags: tuple[Flag, ...] = ()
        self.turns: tuple[str, ...] = ()  # as they are searched, the last is the question; empty: nothing was
        self.vector: NDArray[np.float32] | None = None  # unit vector of what was searched
        self.weighing: Weighing | None = None
        self.times: list[StepTime] = []
        self._since = time.perf_counter()

    def triaged(self, flags: Sequence[Flag]) -> None:
        """Take down what triage saw."""
        self.flags = tuple(flags)
        self._stop("triage")

    def read(self, turns: Sequence[str], vector: NDArray[np.float32]) -> None:
        """Take down what is searched."""
        self.turns, self.vector = tuple(turns), vector
        self._stop("reading and encoding")

    def weighed(self, evidence: Evidence, features: Mapping[str, float], gate: Gate, verdict: Verdict) -> None:
        """Take down what the gate saw and said."""
        self.weighing = Weighing(evidence, features, gate, verdict)
        self._stop("topics, words and gate")

    def answered(self) -> None:
        """Take down that the answer is ready."""
        self._stop("passages and reply")

    def _stop(self, name: str) -> None:
        now = time.perf_counter()
        self.times.append(StepTime(name, (now - self._since) * 1000))
        self._since = now
