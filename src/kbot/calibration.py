"""The gate's coefficients, fitted on what the bank does not know: every phrasing is judged by a bank without it.

A phrasing of an answered topic is held out alone. One of a topic without an answer is held out alone in one fold, and
together with its whole topic in another: so the gate learns from topics that nobody put in the bank.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kbot.answering.bot import Bot
from kbot.answering.followup import encode_turns
from kbot.answering.gate import Gate, read_gates
from kbot.answering.judge import Judge
from kbot.answering.select import choose
from kbot.evaluation import Rate, area_under_curve
from kbot.ingest.topic_model import train_head
from kbot.records import Topic, TopicKind
from kbot.search.evidence import Evidence, Witness
from kbot.search.topics import TopicIndex, phrasing_ids
from kbot.search.vectors import FaissStore
from kbot.thresholds import Judged, cheapest_threshold, nested_thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from kbot.evaluation import Question
    from kbot.search.index import SearchIndex

_FOLDS = 5
_SEED = 20261123
_UNSEEN_WEIGHT = 0.5  # rows of held-out topics are about as many as all others together
_SHOWN = 3
_RERANK = 6


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
    background = [at for at, topic in enumerate(known) if topic.kind is TopicKind.OFF_TOPIC]
    return TopicIndex(known, store, train_head(matrix, owners, len(known), background=background))


def _right(topic: Topic, evidence: Evidence) -> bool:
    if topic.kind is not TopicKind.ANSWERED or not evidence.quotes:
        return False
    answers = {quote.passage_id for quote in topic.quotes}
    return any(quote.passage_id in answers for quote in evidence.quotes[:_SHOWN])


# Few, and each has a reason to matter.
FEATURES = (
    "answered_log_odds",
    "best_against_rival",
    "nearest_answered",
    "nearest_rival",
    "uncovered_share",
    "unseen_words",
)


@dataclass(frozen=True, slots=True)
class Coefficients:
    """A logistic regression over named features, in the features' own units."""

    intercept: float
    weights: dict[str, float]


def fit(rows: Sequence[Row]) -> Coefficients:
    """Fit the gate on held-out rows."""
    from sklearn.linear_model import LogisticRegression

    matrix = np.array([[row.evidence.features[name] for name in FEATURES] for row in rows])
    weights = np.where([row.unseen for row in rows], _UNSEEN_WEIGHT, 1.0)
    mean, spread = matrix.mean(axis=0), matrix.std(axis=0) + 1e-9
    model = LogisticRegression(C=1.0, max_iter=500)
    model.fit((matrix - mean) / spread, [row.right for row in rows], sample_weight=weights)
    scaled = model.coef_[0] / spread
    intercept = float(model.intercept_[0] - (scaled * mean).sum())
    return Coefficients(intercept, {name: float(w) for name, w in zip(FEATURES, scaled, strict=True)})


@dataclass(frozen=True, slots=True)
class Calibration:
    """A gate and how it was found."""

    coefficients: Coefficients
    threshold: float
    held_out_auc: float  # of the bank's phrasings, each judged by a bank without it
    unseen: Rate  # phrasings of whole topics left out of the bank that would be answered
    nested_answered: Rate  # answerable golden questions answered, each at a threshold chosen without it
    nested_wrong: Rate  # of these, answered by passages that don't answer
    nested_near_misses: Rate  # golden questions without an answer that would be answered, likewise
    thresholds: tuple[float, ...]  # the nested ones: their spread is the threshold's error bar


def calibrate(index: SearchIndex, judge: Callable[[Gate], Sequence[Judged]]) -> Calibration:
    """Fit the gate on the bank alone, and choose its threshold on golden questions.

    Args:
        index: the index whose question bank is learned from.
        judge: returns the golden questions as a gate with these coefficients sees them.
    """
    rows = held_out_rows(index)
    coefficients = fit(rows)
    judged = list(judge(Gate(coefficients.intercept, coefficients.weights, 0.5)))
    threshold = cheapest_threshold(judged)
    gate = Gate(coefficients.intercept, coefficients.weights, threshold)
    scores = [(gate.judge(row.evidence.features).probability, row) for row in rows]
    auc = area_under_curve([p for p, row in scores if row.right], [p for p, row in scores if not row.right])
    unseen = [p >= threshold for p, row in scores if row.unseen]
    nested = nested_thresholds(judged)
    outcomes = [(one, one.probability >= step) for step, part in nested for one in part]
    answerable = [(one, answered) for one, answered in outcomes if one.answerable]
    others = [answered for one, answered in outcomes if not one.answerable]
    return Calibration(
        coefficients,
        threshold,
        auc or 0.0,
        Rate(sum(unseen), len(unseen)),
        Rate(sum(answered for _, answered in answerable), len(answerable)),
        Rate(sum(answered and not one.right for one, answered in answerable), len(answerable)),
        Rate(sum(others), len(others)),
        tuple(step for step, _ in nested),
    )


def judge_golden(index: SearchIndex, questions: Sequence[Question], gate: Gate) -> list[Judged]:
    """Return golden questions as a gate sees them. Contact questions are left out: both ways are right."""
    bare = read_gates()["passages"]
    bot = Bot(index)
    judge = Judge(index, rerank=_RERANK, gates={"bank": gate, "passages": bare})
    judged = []
    for question in questions:
        read = bot.read(question.turns)
        if question.kind == "contact" or not read:
            continue
        judgement = judge.judge(read[-1], encode_turns(read, index.encoder))
        shown = choose(judgement.choices, index.documents) if judgement.choices else []
        right = any(gold in choice.passage.text for choice in shown for gold in question.gold)
        judged.append(Judged(judgement.probability, question.kind == "answerable", right))
    return judged


def write_gate(path: Path, calibration: Calibration) -> None:
    """Put the new coefficients of the "bank" gate into the reviewed file, and leave the other gate as it is."""
    data = json.loads(path.read_text(encoding="utf-8"))
    data["bank"] = {
        "intercept": round(calibration.coefficients.intercept, 4),
        "weights": {name: round(weight, 4) for name, weight in calibration.coefficients.weights.items()},
        "threshold": calibration.threshold,
    }
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
