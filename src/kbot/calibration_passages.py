"""The coefficients of the "passages" gate, which judges where a clinic has no question bank.

They are fitted on clinics that have golden questions, with their banks hidden, each clinic weighing the same; and
they are checked on a clinic that took no part. A question bank is never looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kbot.answering.bare import passage_features
from kbot.answering.bot import Bot
from kbot.answering.followup import encode_turns
from kbot.answering.gate import Gate
from kbot.evaluation import Rate, area_under_curve
from kbot.search.evidence import Witness
from kbot.search.retriever import Retriever
from kbot.search.topics import TopicIndex
from kbot.search.vectors import FaissStore
from kbot.thresholds import Judged, cheapest_threshold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.evaluation import Question
    from kbot.search.index import SearchIndex

_SHOWN = 3
_RERANK = 6
_LEAST_ANSWERED = 0.5  # of answerable questions: a bot that hands over more than every second is little help
_STRENGTH = 0.3  # inverse regularisation: a few hundred questions, of few clinics
_FOLDS = 5
_SEED = 20261123


@dataclass(frozen=True, slots=True)
class Row:
    """One golden question, as a bot without a question bank sees it."""

    kind: str
    features: dict[str, float]
    right: bool  # one of the passages that would be shown answers


@dataclass(frozen=True, slots=True)
class Check:
    """How a gate does on one clinic."""

    auc: float  # of its probability, questions that are answered rightly against all others
    right: Rate  # of answerable questions
    wrong: Rate  # of answerable questions
    near_misses: Rate  # answered, of near misses
    off_topic: Rate  # answered, of questions that are no clinic's


def rows_without_bank(index: SearchIndex, questions: Sequence[Question]) -> list[Row]:
    """Return golden questions with their features, the index's question bank hidden.

    Contact questions are left out: they may be answered or handed over.
    """
    bot, retriever = Bot(index), Retriever(index, rerank=_RERANK)
    witness = Witness(index, TopicIndex([], FaissStore(index.manifest.dimension), None))
    rows = []
    for question in questions:
        read = bot.read(question.turns)
        if question.kind == "contact" or not read:
            continue
        vector = encode_turns(read, index.encoder)
        candidates = retriever.rerank(read[-1], retriever.search(read[-1], vector))
        evidence = witness.collect(read[-1], vector, best=candidates[0].passage if candidates else None)
        shown = [candidate.passage.text for candidate in candidates[:_SHOWN]]
        right = any(gold in text for text in shown for gold in question.gold)
        rows.append(Row(question.kind, passage_features(candidates, evidence), right))
    return rows


def fit_passages(clinics: Sequence[Sequence[Row]]) -> Gate:
    """Fit the gate on the rows of several clinics; choose its threshold by cost on rows that it was not fitted on.

    A wrong answer costs ten missed ones (see `kbot.thresholds`). The floor is far below that of the "bank" gate:
    without a bank nothing says what is known to be unanswered, so where the gate is in doubt it hands over.
    """
    gate = _fit(clinics)
    parts = [_folds(rows) for rows in clinics]
    judged: list[Judged] = []
    for fold in range(_FOLDS):
        rest = [[row for at, part in enumerate(folds) if at != fold for row in part] for folds in parts]
        held_out = _fit(rest)
        judged += [_judged(held_out, row) for folds in parts for row in folds[fold]]
    return Gate(gate.intercept, gate.weights, cheapest_threshold(judged, least_answered=_LEAST_ANSWERED))


def check(gate: Gate, rows: Sequence[Row]) -> Check:
    """Return how the gate does on the rows of one clinic."""
    scored = [(gate.judge(row.features).probability, row) for row in rows]
    answered = [(p >= gate.threshold, row) for p, row in scored]
    answerable = [(shown, row.right) for shown, row in answered if row.kind == "answerable"]
    return Check(
        area_under_curve([p for p, row in scored if row.right], [p for p, row in scored if not row.right]) or 0.0,
        Rate(sum(shown and right for shown, right in answerable), len(answerable)),
        Rate(sum(shown and not right for shown, right in answerable), len(answerable)),
        _share_answered(answered, "near_miss"),
        _share_answered(answered, "off_topic"),
    )


def _fit(clinics: Sequence[Sequence[Row]]) -> Gate:
    from sklearn.linear_model import LogisticRegression

    rows = [row for clinic in clinics for row in clinic]
    names = list(rows[0].features)
    matrix = np.array([[row.features[name] for name in names] for row in rows])
    mean, spread = matrix.mean(axis=0), matrix.std(axis=0) + 1e-9
    weights = np.concatenate([np.full(len(clinic), len(rows) / len(clinics) / len(clinic)) for clinic in clinics])
    model = LogisticRegression(C=_STRENGTH, max_iter=500)
    model.fit((matrix - mean) / spread, [row.right for row in rows], sample_weight=weights)
    scaled = model.coef_[0] / spread
    intercept = float(model.intercept_[0] - (scaled * mean).sum())
    return Gate(intercept, {name: float(weight) for name, weight in zip(names, scaled, strict=True)}, 0.5)


def _folds(rows: Sequence[Row]) -> list[list[Row]]:
    order = np.random.default_rng(_SEED).permutation(len(rows))
    return [[rows[at] for at in order[fold::_FOLDS]] for fold in range(_FOLDS)]


def _judged(gate: Gate, row: Row) -> Judged:
    return Judged(gate.judge(row.features).probability, row.kind == "answerable", row.right)


def _share_answered(answered: Sequence[tuple[bool, Row]], kind: str) -> Rate:
    shown = [yes for yes, row in answered if row.kind == kind]
    return Rate(sum(shown), len(shown))
