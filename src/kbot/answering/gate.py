"""Does the material answer? A calibrated probability over few, named features; the threshold follows from costs."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of one question."""

    probability: float  # [0, 1]: that the passages answer
    answers: bool
    trigger: str  # the features that decided, for staff


@dataclass(frozen=True, slots=True)
class Gate:
    """A logistic regression over named features. Its coefficients are a reviewed file, `gate.json`."""

    intercept: float
    weights: Mapping[str, float]
    threshold: float  # (0, 1): the least probability that is shown as an answer

    def judge(self, features: Mapping[str, float]) -> Verdict:
        """Return the verdict on the features of one question."""
        log_odds = self.intercept + sum(weight * features[name] for name, weight in self.weights.items())
        probability = 1 / (1 + math.exp(-min(max(log_odds, -700.0), 700.0)))
        named = ", ".join(f"{name} {features[name]:.2f}" for name in self.weights)
        return Verdict(probability, probability >= self.threshold, f"gate {probability:.2f}: {named}")


def read_gates() -> dict[str, Gate]:
    """Return the gates by what they judge: "bank", and "passages" for a corpus without a question bank."""
    data = json.loads(resources.files("kbot.answering").joinpath("gate.json").read_text(encoding="utf-8"))
    return {
        name: Gate(float(entry["intercept"]), dict(entry["weights"]), float(entry["threshold"]))
        for name, entry in data.items()
    }
