"""From which probability on an answer is shown: chosen by what mistakes cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_ANSWERED = 0.95  # of the questions that the material answers, [0, 1]
WRONG_COST = 10.0  # of a wrong answer, in missed ones: a visitor who is handed over is safe, one who is misled isn't
_FOLDS = 5
_SEED = 20261123


@dataclass(frozen=True, slots=True)
class Judged:
    """One golden question as the gate sees it, whatever the threshold."""

    probability: float  # [0, 1]
    answerable: bool
    right: bool  # a passage that would be shown answers


def cost(judged: Sequence[Judged], threshold: float, *, wrong: float = WRONG_COST) -> float:
    """Return the cost of a threshold: 1 for a question that is missed, `wrong` for a wrong answer."""
    total = 0.0
    for one in judged:
        if one.probability >= threshold:
            total += 0.0 if one.right else wrong
        elif one.answerable:
            total += 1.0
    return total


def cheapest_threshold(
    judged: Sequence[Judged], *, wrong: float = WRONG_COST, least_answered: float = LEAST_ANSWERED
) -> float:
    """Return the threshold of the least cost, in steps of 0.01, of those that answer enough of what can be answered.

    Without the floor the cost alone would hand over every fifth question that the material answers. Where several
    thresholds cost the same, the middle one is returned; where none answers enough, the lowest.
    """
    answerable = sum(one.answerable for one in judged)
    steps = [
        step / 100
        for step in range(1, 100)
        if sum(one.answerable and one.probability >= step / 100 for one in judged) >= least_answered * answerable
    ] or [0.01]
    costs = [cost(judged, step, wrong=wrong) for step in steps]
    best = [step for step, value in zip(steps, costs, strict=True) if value == min(costs)]
    return best[len(best) // 2]


def nested_thresholds(
    judged: Sequence[Judged], *, folds: int = _FOLDS, seed: int = _SEED
) -> list[tuple[float, list[Judged]]]:
    """Return (threshold, questions it was not chosen on) a fold: each is chosen on the other folds alone."""
    order = np.random.default_rng(seed).permutation(len(judged))
    parts = [[judged[at] for at in order[fold::folds]] for fold in range(folds)]
    return [
        (cheapest_threshold([one for other in parts if other is not part for one in other]), part) for part in parts
    ]
