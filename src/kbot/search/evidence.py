"""What is measured about a question before anybody decides: the bank's topics, their passages, words left over."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kbot.records import TopicKind
from kbot.search.retriever import passage_terms
from kbot.text import STOPWORDS, stem, words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from numpy.typing import NDArray

    from kbot.records import Passage, Span, Topic
    from kbot.search.index import SearchIndex
    from kbot.search.topics import TopicIndex, TopicMatch

_FLOOR = 1e-6
_NEAR_BEST = 0.15  # a topic's share of the best one's probability from which its words count as known, too
_MOST_TOPICS = 3
_KEPT_TERMS = 4_096  # passages whose stems stay in memory once they were needed
# What the second quote of a topic counts beside the first: staff list the best one first.
_NEXT_QUOTE = 0.8


@dataclass(frozen=True, slots=True)
class Belief:
    """A topic and how likely the question belongs to it."""

    topic: Topic
    probability: float  # [0, 1]


@dataclass(frozen=True, slots=True)
class BankQuote:
    """A passage that the bank offers for a question."""

    passage_id: str
    span: Span  # the quote, within the passage's text
    weight: float  # (0, 1], higher is surer; the best of a clear question is near 1


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a question. The gate reads `features`; the bot shows `candidates`."""

    question: str  # as it is searched
    vector: NDArray[np.float32]  # unit length
    answered: tuple[Belief, ...]  # answered topics near the best, best first
    rivals: tuple[Belief, ...]  # the best topics that nothing answers, best first
    uncovered: tuple[str, ...]  # words of the question that neither the topics nor their passages have, rarest first
    features: dict[str, float]
    quotes: tuple[BankQuote, ...] = ()  # passages that the answered topics quote, best first
    share: dict[TopicKind, float] = field(default_factory=dict)  # probability of each kind of topic
    nearby: tuple[Topic, ...] = ()  # further answered topics near the question, nearest first
    covered: tuple[str, ...] = ()  # words of the question that the best topic or its passages have, rarest first


class Witness:
    """Collects evidence over one index and its question bank."""

    def __init__(self, index: SearchIndex, topics: TopicIndex | None = None) -> None:
        """`topics` stands in for the index's own bank, as when a part of it is held out."""
        self._index = index
        self._topics = index.topics if topics is None else topics
        # Of the few passages that a question comes near; of all of them, only the counts are needed.
        self._passage_terms = lru_cache(maxsize=_KEPT_TERMS)(lambda passage_id: _passage_terms(passage_id, index))
        self._topic_terms = self._topics.terms
        self._number = {topic.id: number for number, topic in enumerate(self._topics.topics)}
        self._weight = _weights(self._topic_terms, _counts(index), len(index.passages))
        self._unseen = max(self._weight.values(), default=1.0) + 1.0

    def collect(self, question: str, vector: NDArray[np.float32], *, best: Passage | None = None) -> Evidence:
        """Return the evidence on a question: of the bank, or of the `best` passage where there is no bank."""
        match = self._topics.match(vector)
        answered = self._beliefs(match, {TopicKind.ANSWERED})
        rivals = self._beliefs(match, set(TopicKind) - {TopicKind.ANSWERED})
        covered = self._covered([belief.topic for belief in answered])
        if best is not None:
            covered |= self._passage_terms(best.id)
        uncovered = self._uncovered(question, covered)
        share = self._shares(match)
        return Evidence(
            question,
            vector,
            answered,
            rivals,
            tuple(uncovered),
            self._features(match, answered, rivals, question, uncovered),
            _quotes(answered),
            share,
            self._nearby(match, answered),
            tuple(self._said(question, uncovered)),
        )

    def _nearby(self, match: TopicMatch, answered: tuple[Belief, ...]) -> tuple[Topic, ...]:
        best = {belief.topic.id for belief in answered[:1]}
        near = (self._topics[topic] for topic in match.nearest if topic not in best)
        return tuple(topic for topic in near if topic.kind is TopicKind.ANSWERED)

    def _shares(self, match: TopicMatch) -> dict[TopicKind, float]:
        shares = dict.fromkeys(TopicKind, 0.0)
        for topic, probability in zip(self._topics.topics, match.probabilities, strict=True):
            shares[topic.kind] += float(probability)
        return shares

    def _said(self, question: str, uncovered: Iterable[str]) -> list[str]:
        left = set(uncovered)
        said = [word for word in dict.fromkeys(words(question)) if word not in STOPWORDS and word not in left]
        return sorted(said, key=lambda word: -self._rarity(stem(word), word))

    def _beliefs(self, match: TopicMatch, kinds: set[TopicKind]) -> tuple[Belief, ...]:
        chosen = [
            Belief(topic, float(probability))
            for topic, probability in zip(self._topics.topics, match.probabilities, strict=True)
            if topic.kind in kinds
        ]
        chosen.sort(key=lambda belief: -belief.probability)
        best = chosen[0].probability if chosen else 0.0
        return tuple(belief for belief in chosen[:_MOST_TOPICS] if belief.probability >= _NEAR_BEST * best)

    def _covered(self, topics: Iterable[Topic]) -> set[str]:
        covered: set[str] = set()
        for topic in topics:
            covered |= self._topic_terms[self._number[topic.id]]
            for quote in topic.quotes:
                covered |= self._passage_terms(quote.passage_id)
        return covered

    def _uncovered(self, question: str, covered: set[str]) -> list[str]:
        """Return the words of the question whose stem, and all that mean the same, are not covered; rarest first."""
        left: dict[str, str] = {}
        for word in words(question):
            if word in STOPWORDS:
                continue
            stemmed = stem(word)
            if not self._index.language.synonyms(stemmed) & covered:
                left.setdefault(stemmed, word)
        return [word for _, word in sorted(left.items(), key=lambda pair: -self._rarity(*pair))]

    def _rarity(self, stemmed: str, word: str) -> float:
        """Return how much a word says: its weight over the topics; of unseen ones, how rare it is in English."""
        known = self._weight.get(stemmed)
        return known if known is not None else self._unseen * (0.4 + 0.6 * self._index.language.rarity(word))

    def _features(
        self,
        match: TopicMatch,
        answered: tuple[Belief, ...],
        rivals: tuple[Belief, ...],
        question: str,
        uncovered: list[str],
    ) -> dict[str, float]:
        kinds = np.array([topic.kind is TopicKind.ANSWERED for topic in self._topics.topics], dtype=bool)
        answerable = float(match.probabilities[kinds].sum()) if len(kinds) else 0.0
        best = answered[0].probability if answered else 0.0
        rival = rivals[0].probability if rivals else 0.0
        near_answer = max((match.nearest.get(b.topic.id, 0.0) for b in answered), default=0.0)
        near_rival = max(
            (c for t, c in match.nearest.items() if self._topics[t].kind is not TopicKind.ANSWERED), default=0.0
        )
        weights = {stem(word): self._rarity(stem(word), word) for word in words(question) if word not in STOPWORDS}
        left = [weights[stem(word)] for word in uncovered]
        total = sum(weights.values())
        unseen = [w for w in uncovered if stem(w) not in self._weight]
        return {
            "answered_log_odds": _log_odds(answerable),
            "best_against_rival": math.log(max(best, _FLOOR) / max(rival, _FLOOR)),
            "nearest_answered": near_answer,
            "nearest_rival": near_rival,
            "uncovered_share": sum(left) / total if total else 0.0,
            "uncovered_rarest": max(left, default=0.0),
            "unseen_words": float(min(len(unseen), 4)),
            "terms": float(min(len(weights), 12)),
        }


def _quotes(answered: tuple[Belief, ...]) -> tuple[BankQuote, ...]:
    """Return the passages that the topics quote, weighted by their topics' shares and their places there."""
    total = sum(belief.probability for belief in answered)
    found: dict[str, BankQuote] = {}
    for belief in answered:
        seen: set[str] = set()
        for quote in belief.topic.quotes:
            if quote.passage_id in seen:
                continue
            weight = belief.probability / total * _NEXT_QUOTE ** len(seen)
            seen.add(quote.passage_id)
            before = found.get(quote.passage_id)
            span = before.span if before else quote.span
            found[quote.passage_id] = BankQuote(quote.passage_id, span, weight + (before.weight if before else 0.0))
    return tuple(sorted(found.values(), key=lambda entry: -entry.weight))


def _log_odds(probability: float) -> float:
    clipped = min(max(probability, _FLOOR), 1 - _FLOOR)
    return math.log(clipped / (1 - clipped))


def _passage_terms(passage_id: str, index: SearchIndex) -> frozenset[str]:
    passage = index.passages[passage_id]
    return passage_terms(passage, index.documents[passage.document_id])


def _counts(index: SearchIndex) -> Mapping[str, int]:
    """Return stem -> passages that use it."""
    if index.counts is not None:
        return index.counts
    return Counter(stem for passage_id in index.passages for stem in _passage_terms(passage_id, index))


def _weights(topics: Collection[frozenset[str]], counts: Mapping[str, int], passages: int) -> dict[str, float]:
    """Return stem -> log(N / topics that use it): a word that every topic uses says nothing about which it is.

    Where there are no topics, passages take their place. `counts` maps a stem to the passages that use it.
    """
    used = Counter(stem for stems in topics for stem in stems) if topics else counts
    groups = len(topics) if topics else passages
    weights = {term: math.log((groups + 1) / count) for term, count in used.items()}
    rarest = max(weights.values(), default=1.0)
    for term in counts:
        weights.setdefault(term, rarest)
    return weights
