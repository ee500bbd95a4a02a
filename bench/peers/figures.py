"""The benchmark's own arithmetic: spreads over rounds, and ratios within a round."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over several rounds."""

    median: float
    least: float
    most: float
    rounds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of at least one value.

        Raises:
            ValueError: there is none.
        """
        if not values:
            raise ValueError("no round was measured")
        return cls(statistics.median(values), min(values), max(values), len(values))

    def shown(self, digits: int) -> str:
        """Return "median (least to most)", or the figure alone where there was one round."""
        if self.rounds == 1:
            return f"{self.median:.{digits}f}"
        return f"{self.median:.{digits}f} ({self.least:.{digits}f} to {self.most:.{digits}f})"


@dataclass(frozen=True, slots=True)
class Target:
    """What kbot's figure against the best peer's should be."""

    what: str
    at_least: float  # times better than the best peer


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target and what was measured."""

    target: Target
    peer: str  # the best one
    times_better: Spread  # over the rounds, both systems in the same one

    @property
    def reached(self) -> bool:
        """True where the median over the rounds reaches the target."""
        return self.times_better.median >= self.target.at_least


def judge(target: Target, own: Sequence[float], peers: Mapping[str, Sequence[float]]) -> Verdict:
    """Compare a figure, of which less is better, with the best peer's: the one with the lowest median.

    Values stand in the order of the rounds. The ratio is taken within each round, so that a machine that was slower
    in one of them was slower for both.
    Example: own [1, 2] against {"a": [9, 10], "b": [20, 20]} -> a, ratios 9 and 5.

    Raises:
        ValueError: the numbers of rounds differ, or there is none.
    """
    best = min(peers, key=lambda name: statistics.median(peers[name]))
    return Verdict(target, best, Spread.of([peer / mine for mine, peer in zip(own, peers[best], strict=True)]))


def in_turn(items: Sequence[Item], round_number: int) -> list[Item]:
    """Return the items beginning with another one each round: nobody always runs first, or after the same one."""
    first = round_number % len(items)
    return [*items[first:], *items[:first]]


def share_of_others(*, busy_s: float, own_s: float, cores: int, elapsed_s: float) -> float:
    """Return the share of the machine, [0, 1], that processes other than the benchmark's used meanwhile."""
    return min(1.0, max(0.0, (busy_s - own_s) / (cores * elapsed_s)))
