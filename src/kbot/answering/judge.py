"""Search and gate together: what would answer the question, how sure that is, and why not where it doesn't."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kbot.answering.bare import passage_features
from kbot.answering.gate import read_gates
from kbot.answering.select import Choice, from_bank
from kbot.records import Reason, TopicKind
from kbot.search.evidence import Evidence, Witness
from kbot.search.retriever import Candidate, Retriever
from kbot.text import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kbot.answering.gate import Gate, Verdict
    from kbot.answering.notes import Notes
    from kbot.search.index import SearchIndex

# From this cosine to a known phrasing of one clear topic on, the order of its quotes stands as staff wrote it; below,
# the cross-encoder has a say in it.
_KNOWN = 0.92
_CLEAR = 0.75
# What the cross-encoder adds to a passage's weight in the bank, at most.
_RERANKER_SAY = 0.6
_MOST_REREAD = 5
# What a heading that asks the same adds to its passage's weight, at most; and the cosine from which it adds anything.
_HEADING_SAY = 0.6
_HEADING_NEAR = 0.75
# Share of uncovered words above which a question that is a stranger to the bank (`TopicIndex.spacing`) is not
# answered from it. On the golden questions no answerable one is lost by it.
_OWN_WORDS = 0.3
_NAMED = 0.25  # the least probability of a topic without an answer whose concept is named as missing
_OFF_TOPIC = 0.5  # the least probability of all topics that are no clinic's
_MOST_MISSING = 2
_MOST_SUGGESTED = 3
_UNKNOWN = 0.3  # cosine to the nearest phrasing below which a question of unknown words is not understood


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said of one question, before it is put into words."""

    probability: float  # [0, 1]: that the passages answer
    reason: Reason | None  # None: they do
    choices: tuple[Choice, ...]  # passages that answer, or that are near where nothing does; best first
    missing: tuple[str, ...]  # concepts that the material lacks
    trigger: str  # for staff
    suggestions: tuple[str, ...] = ()  # questions near this one that the material answers


class Judge:
    """Judges questions over one index, with its question bank or, where it has none, without."""

    def __init__(self, index: SearchIndex, *, rerank: int, gates: Mapping[str, Gate] | None = None) -> None:
        """`gates` stand in for the reviewed ones of `gate.json`, as when new ones are fitted."""
        self._index = index
        self._retriever = Retriever(index, rerank=rerank)
        self._witness = Witness(index)
        gates = gates or read_gates()
        self._gate, self._bare_gate = gates["bank"], gates["passages"]

    def judge(self, question: str, vector: NDArray[np.float32], notes: Notes | None = None) -> Judgement:
        """Judge a question, given as it is searched with its unit vector. `notes` take down what decided."""
        if not len(self._index.topics):
            return self._without_bank(question, vector, notes)
        evidence = self._witness.collect(question, vector)
        verdict = self._not_too_far(self._gate.judge(evidence.features), evidence)
        if notes is not None:
            notes.weighed(evidence, evidence.features, self._gate, verdict)
        choices = from_bank(evidence.quotes, self._index.passages)
        if verdict.answers:
            choices = self._with_headings(choices, vector)
            if not self._certain(evidence, choices):
                choices = self._reread(question, choices)
            next_ones = _next_questions(evidence)
            return Judgement(verdict.probability, None, tuple(choices), (), _trigger(verdict, evidence), next_ones)
        near = [_choice(c) for c in self._retriever.search(question, vector)[:2]]
        related = [*choices[:1], *(c for c in near if c.passage.id != (choices[0].passage.id if choices else ""))]
        reason, missing = self._why_not(evidence)
        if reason in (Reason.OFF_TOPIC, Reason.UNCLEAR):
            related = []
        next_ones = _next_questions(evidence) if reason is Reason.NOT_COVERED else ()
        return Judgement(verdict.probability, reason, tuple(related), missing, _trigger(verdict, evidence), next_ones)

    def _not_too_far(self, verdict: Verdict, evidence: Evidence) -> Verdict:
        """Return the verdict, or a refusal where a question is like nothing in the bank and has words of its own.

        A linear classifier is sure of itself far from all it was trained on: "what types of spray paint are there"
        lies on the side of "forms of ketamine", and near to none of its phrasings.
        """
        features = evidence.features
        if not verdict.answers or features["uncovered_share"] <= _OWN_WORDS:
            return verdict
        if features["nearest_answered"] >= self._index.topics.spacing:
            return verdict
        probability = min(verdict.probability, self._gate.threshold / 2)
        return replace(
            verdict, probability=probability, answers=False, trigger=f"too far from the bank; {verdict.trigger}"
        )

    def _with_headings(self, choices: list[Choice], vector: NDArray[np.float32]) -> list[Choice]:
        """Let a passage rise whose heading asks nearly the same: it was written as the answer to just that."""
        asked = self._retriever.asked_above(vector)
        raised = [
            replace(c, weight=c.weight + _HEADING_SAY * _closeness(asked.get(c.passage.id, 0.0))) for c in choices
        ]
        return sorted(raised, key=lambda choice: -choice.weight)

    def _certain(self, evidence: Evidence, choices: Sequence[Choice]) -> bool:
        """Return True where the bank knows the question so well that no second opinion is needed."""
        if len(choices) == 1:
            return True
        return choices[0].weight >= _CLEAR and evidence.features["nearest_answered"] >= _KNOWN

    def _reread(self, question: str, choices: Sequence[Choice]) -> list[Choice]:
        """Let the cross-encoder read the sentences that the bank quotes, under their headings, and weigh in."""
        texts = [_quoted(choice) for choice in choices[:_MOST_REREAD]]
        logits = self._index.reranker.score(question, texts)
        reread = [
            replace(choice, weight=(choice.weight + _RERANKER_SAY * _sigmoid(logit)) / (1 + _RERANKER_SAY))
            for choice, logit in zip(choices, logits, strict=False)
        ]
        rest = [replace(c, weight=c.weight / (1 + _RERANKER_SAY)) for c in choices[_MOST_REREAD:]]
        return sorted([*reread, *rest], key=lambda choice: -choice.weight)

    def _why_not(self, evidence: Evidence) -> tuple[Reason, tuple[str, ...]]:
        shares = evidence.share
        rival = evidence.rivals[0] if evidence.rivals else None
        if shares[TopicKind.OFF_TOPIC] >= _OFF_TOPIC:
            return Reason.OFF_TOPIC, ()
        if not evidence.covered and evidence.features["nearest_rival"] < _UNKNOWN:
            return Reason.UNCLEAR, ()
        if rival is not None and shares[TopicKind.PERSONAL] > max(shares[TopicKind.NOT_COVERED], _NAMED):
            return Reason.PERSONAL_ADVICE, ()
        named = [
            belief.topic.missing
            for belief in evidence.rivals
            if belief.topic.kind is TopicKind.NOT_COVERED and belief.probability >= _NAMED
        ]
        missing = named[:1] or list(evidence.uncovered[:_MOST_MISSING])
        return Reason.NOT_COVERED, tuple(missing)

    def _without_bank(self, question: str, vector: NDArray[np.float32], notes: Notes | None) -> Judgement:
        candidates = self._retriever.rerank(question, self._retriever.search(question, vector))
        evidence = self._witness.collect(question, vector, best=candidates[0].passage if candidates else None)
        features = evidence.features | passage_features(candidates, evidence)
        verdict = self._bare_gate.judge(features)
        if notes is not None:
            notes.weighed(evidence, features, self._bare_gate, verdict)
        choices = tuple(_choice(c) for c in candidates if c.logit is not None)
        if verdict.answers:
            return Judgement(verdict.probability, None, choices, (), verdict.trigger)
        missing = tuple(evidence.uncovered[:_MOST_MISSING])
        return Judgement(verdict.probability, Reason.NOT_COVERED, choices[:2], missing, verdict.trigger)


def _next_questions(evidence: Evidence) -> tuple[str, ...]:
    """Return how people ask, in plain words, what stands near: each topic's first phrasing is written for that."""
    asked = words(evidence.question)
    return tuple(t.phrasings[0] for t in evidence.nearby if words(t.phrasings[0]) != asked)[:_MOST_SUGGESTED]


def _closeness(cosine: float) -> float:
    """Return 0 for a heading that is not near, rising to 1 for one that is the very question."""
    return max(0.0, (cosine - _HEADING_NEAR) / (1 - _HEADING_NEAR))


def _quoted(choice: Choice) -> str:
    heading = choice.passage.heading[-1:]
    return "\n".join([*heading, choice.passage.text[choice.highlight.start : choice.highlight.end]])


def _choice(candidate: Candidate) -> Choice:
    weight = _sigmoid(candidate.logit) if candidate.logit is not None else max(0.0, candidate.cosine)
    return Choice(candidate.passage, candidate.highlight, weight)


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-min(max(value, -50.0), 50.0)))


def _trigger(verdict: Verdict, evidence: Evidence) -> str:
    topics = [*evidence.answered[:1], *evidence.rivals[:1]]
    named = "; ".join(f"{belief.topic.id} {belief.probability:.2f}" for belief in topics)
    return f"{verdict.trigger} ({named})"
