"""Does the material answer? A calibrated probability over few, named features; the threshold follows from costs."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.search.retriever import Candidate


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of one question."""

    probability: float  # [0, 1]: that the best passage answers
    answers: bool
    trigger: str  # the features that decided, for staff


class Gate:
    """A logistic regression over the best candidate's features. Its coefficients are a reviewed file."""

    def __init__(self) -> None:
        data = json.loads(resources.files("kbot.answering").joinpath("gate.json").read_text(encoding="utf-8"))
        self._intercept = float(data["intercept"])
        self._weights: dict[str, float] = {name: float(weight) for name, weight in data["weights"].items()}
        self._threshold = float(data["threshold"])
        self._beside = float(data["beside"])

    def judge(self, question: str, candidates: Sequence[Candidate]) -> Verdict:
        """Return the verdict on the best candidate."""
        if not question or not candidates:
            return Verdict(0.0, answers=False, trigger="gate: no candidate")
        probability = self.probability(candidates[0])
        named = ", ".join(f"{name} {value:.2f}" for name, value in features(candidates[0]).items())
        return Verdict(probability, probability >= self._threshold, f"gate: {probability:.2f} from {named}")

    def probability(self, candidate: Candidate) -> float:
        """Return the calibrated probability that this candidate answers, [0, 1]."""
        values = features(candidate)
        logit = self._intercept + sum(weight * values[name] for name, weight in self._weights.items())
        return 1 / (1 + math.exp(-logit)) if logit > -700 else 0.0

    def belongs(self, candidate: Candidate, best: Candidate) -> bool:
        """Return True where a further candidate is good enough to stand beside the best."""
        return self.probability(candidate) >= self._beside * self.probability(best)


def features(candidate: Candidate) -> dict[str, float]:
    """Return the named features of a candidate: the cross-encoder's logit and the cosine, higher is better."""
    logit = candidate.logit if candidate.logit is not None else -10.0
    return {"reranker": logit / 10, "cosine": candidate.cosine}
