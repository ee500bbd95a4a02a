"""One question, step by step: what the bot read, weighed and decided. Made to be looked at and thrown away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.answering.followup import texts_to_mix
from kbot.answering.notes import Notes, StepTime
from kbot.disguise import fold
from kbot.records import Found
from kbot.search.retriever import Candidate, Retriever
from kbot.text import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.answering.bot import Bot
    from kbot.answering.notes import Weighing
    from kbot.answering.triage import Flag
    from kbot.records import Answer, Topic
    from kbot.search.signs import Reading

_MOST_TOPICS = 8
_MOST_CANDIDATES = 10


@dataclass(frozen=True, slots=True)
class TopicShare:
    """A topic of the bank, as the question stands to it."""

    topic: Topic
    share: float  # [0, 1], over all topics they sum to 1
    cosine: float | None  # [-1, 1], of its nearest phrasing; None where that is not among the nearest


@dataclass(frozen=True, slots=True)
class FeatureShare:
    """One feature of the gate and what it adds to the log-odds."""

    name: str
    value: float
    weight: float  # the coefficient

    @property
    def contribution(self) -> float:
        """Log-odds; above 0 it speaks for an answer, below against."""
        return self.value * self.weight


@dataclass(frozen=True, slots=True)
class GateTrace:
    """The gate's sum."""

    features: tuple[FeatureShare, ...]
    intercept: float
    threshold: float  # (0, 1)
    probability: float  # [0, 1]
    answers: bool
    trigger: str

    @property
    def log_odds(self) -> float:
        """The intercept and every contribution together."""
        return self.intercept + sum(feature.contribution for feature in self.features)


@dataclass(frozen=True, slots=True)
class SearchTrace:
    """Everything from the text as it is searched to the gate. There is none where an earlier step answered."""

    question: str  # as it is searched: written out, spelling put right
    corrections: tuple[tuple[str, str], ...]  # (as typed, as read)
    mixed: tuple[str, ...]  # the texts whose vectors are added up; two for a follow-up
    topics: tuple[TopicShare, ...]  # best first
    uncovered: tuple[str, ...]  # words that neither the best topics nor their passages have, rarest first
    covered: tuple[str, ...]
    candidates: tuple[Candidate, ...]  # of a search without the bank, those first that the cross-encoder likes
    gate: GateTrace


@dataclass(frozen=True, slots=True)
class Trace:
    """A question from what was typed to what a visitor sees. It holds what somebody typed: never keep it."""

    asked: str
    normalised: str
    folded: str  # as triage reads it: disguises, slang and typing habits undone
    flags: tuple[Flag, ...]  # the most urgent first
    reading: Reading | None  # the classifier's probabilities of danger
    search: SearchTrace | None
    answer: Answer
    times: tuple[StepTime, ...]  # of what a visitor waits for, in order

    @property
    def shown(self) -> tuple[str, ...]:
        """The ids of the passages on the visitor's page, those that do not answer included."""
        passages = self.answer.passages if isinstance(self.answer, Found) else self.answer.related
        return tuple(passage.id for passage in passages)


def trace(bot: Bot, turns: Sequence[str], *, max_question: int, rerank: int) -> Trace:
    """Ask the bot and return every step. The candidates are searched and reread besides, for the page alone.

    Args:
        bot: The bot that visitors ask.
        turns: The conversation; the last turn is the question.
        max_question: Characters of a question that are looked at.
        rerank: Candidates that the cross-encoder reads.
    """
    asked = turns[-1] if turns else ""
    notes = Notes()
    answer = bot.ask(turns, notes)
    notes.answered()
    folded = fold(asked)
    return Trace(
        asked=asked,
        normalised=normalise(asked, limit=max_question),
        folded=folded,
        flags=notes.flags,
        reading=bot.triage.reading(folded),
        search=_search(bot, notes, normalise(asked, limit=max_question), rerank),
        answer=answer,
        times=tuple(notes.times),
    )


def _search(bot: Bot, notes: Notes, normalised: str, rerank: int) -> SearchTrace | None:
    if notes.weighing is None or notes.vector is None:
        return None
    index, question = bot.index, notes.turns[-1]
    match = index.topics.match(notes.vector)
    shares = sorted(
        (
            TopicShare(topic, float(probability), match.nearest.get(topic.id))
            for topic, probability in zip(index.topics.topics, match.probabilities, strict=True)
        ),
        key=lambda each: -each.share,
    )
    retriever = Retriever(index, rerank=rerank)
    candidates = retriever.rerank(question, retriever.search(question, notes.vector))
    return SearchTrace(
        question=question,
        corrections=index.language.read(normalised).corrections,
        mixed=tuple(texts_to_mix(notes.turns)),
        topics=tuple(shares[:_MOST_TOPICS]),
        uncovered=notes.weighing.evidence.uncovered,
        covered=notes.weighing.evidence.covered,
        candidates=tuple(candidates[:_MOST_CANDIDATES]),
        gate=_gate(notes.weighing),
    )


def _gate(weighing: Weighing) -> GateTrace:
    gate, verdict = weighing.gate, weighing.verdict
    features = tuple(FeatureShare(name, weighing.features[name], weight) for name, weight in gate.weights.items())
    return GateTrace(features, gate.intercept, gate.threshold, verdict.probability, verdict.answers, verdict.trigger)
