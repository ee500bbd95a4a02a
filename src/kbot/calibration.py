"""The gate's coefficients, fitted on what the bank does not know: every phrasing is judged by a bank without it.

A phrasing of an answered topic is held out alone. One of a topic without an answer is held out alone in one fold, and
together with its whole topic in another: so the gate learns from topics that nobody put in the bank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kbot.ingest.topic_model import train_head
from kbot.records import Topic, TopicKind
from kbot.search.evidence import Evidence, Witness
from kbot.search.topics import TopicIndex, phrasing_ids
from kbot.search.vectors import FaissStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kbot.search.index import SearchIndex

_FOLDS = 5
_SEED = 20261123
_UNSEEN_WEIGHT = 0.5  # rows of held-out topics are about as many as all others together
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One held-out phrasing: what was measured of it, and whether the best topic's passages answer it."""

    topic: str
    evidence: Evidence
    right: bool
    unseen: bool  # its whole topic was held out


def held_out_rows(index: SearchIndex, *, folds: int = _FOLDS, seed: int = _SEED) -> list[Row]:
    """Return the evidence of every phrasing of the bank, judged by a bank that does not have it."""
    topics = index.topics.topics
    vectors = dict(zip(*index.topics.vectors(), strict=True))
    random = np.random.default_rng(seed)
    phrasings = [(topic, number) for topic in topics for number in range(len(topic.phrasings))]
    order = random.permutation(len(phrasings))
    unanswered = [topic.id for topic in topics if topic.kind is not TopicKind.ANSWERED]
    random.shuffle(unanswered)
    rows: list[Row] = []
    for fold in range(folds):
        hidden = {phrasings[at] for at in order[fold::folds]}
        gone = set(unanswered[fold::folds])
        known = [_without(topic, hidden) for topic in topics if topic.id not in gone]
        witness = Witness(index, _bank([topic for topic in known if topic.phrasings], topics, vectors))
        for topic, number in phrasings:
            if (topic, number) not in hidden and topic.id not in gone:
                continue
            key = phrasing_ids(topic)[number]
            question = index.language.read(topic.phrasings[number]).text
            evidence = witness.collect(question, vectors[key])
            rows.append(Row(topic.id, evidence, _right(topic, evidence), topic.id in gone))
    return rows


def _without(topic: Topic, hidden: set[tuple[Topic, int]]) -> Topic:
    import dataclasses

    kept = tuple(text for number, text in enumerate(topic.phrasings) if (topic, number) not in hidden)
    return dataclasses.replace(topic, phrasings=kept)


def _bank(known: Sequence[Topic], all_topics: Sequence[Topic], vectors: dict[str, NDArray[np.float32]]) -> TopicIndex:
    whole = {topic.id: topic for topic in all_topics}
    ids: list[str] = []
    rows: list[NDArray[np.float32]] = []
    owners: list[int] = []
    for at, topic in enumerate(known):
        original = whole[topic.id]
        names = dict(zip(original.phrasings, phrasing_ids(original), strict=True))
        for number, text in enumerate(topic.phrasings):
            ids.append(phrasing_ids(topic)[number])
            rows.append(vectors[names[text]])
            owners.append(at)
    matrix = np.stack(rows)
    store = FaissStore(matrix.shape[1])
    store.replace(ids, matrix)
    return TopicIndex(known, store, train_head(matrix, owners, len(known)))


def _right(topic: Topic, evidence: Evidence) -> bool:
    if topic.kind is not TopicKind.ANSWERED or not evidence.quotes:
        return False
    answers = {quote.passage_id for quote in topic.quotes}
    return any(quote.passage_id in answers for quote in evidence.quotes[:_SHOWN])


@dataclass(frozen=True, slots=True)
class Coefficients:
    """A logistic regression over named features, in the features' own units."""

    intercept: float
    weights: dict[str, float]


def fit(rows: Sequence[Row]) -> Coefficients:
    """Fit the gate on held-out rows."""
    from sklearn.linear_model import LogisticRegression

    names = list(rows[0].evidence.features)
    matrix = np.array([[row.evidence.features[name] for name in names] for row in rows])
    weights = np.where([row.unseen for row in rows], _UNSEEN_WEIGHT, 1.0)
    mean, spread = matrix.mean(axis=0), matrix.std(axis=0) + 1e-9
    model = LogisticRegression(C=1.0, max_iter=500)
    model.fit((matrix - mean) / spread, [row.right for row in rows], sample_weight=weights)
    scaled = model.coef_[0] / spread
    intercept = float(model.intercept_[0] - (scaled * mean).sum())
    return Coefficients(intercept, {name: float(w) for name, w in zip(names, scaled, strict=True)})
