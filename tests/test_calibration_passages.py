from __future__ import annotations

import pytest

from kbot.answering.bare import passage_features
from kbot.answering.gate import Gate
from kbot.calibration_passages import Row, check, fit_passages
from kbot.records import Passage, Span
from kbot.search.evidence import Evidence
from kbot.search.retriever import Candidate


def candidate(name: str, cosine: float, logit: float | None) -> Candidate:
    passage = Passage(name, "faq", (), 0, 4, "Yes.", (Span(0, 4),))
    return Candidate(passage, cosine, 0.0, 0.0, Span(0, 4), logit)


def evidence(uncovered_share: float) -> Evidence:
    import numpy as np

    return Evidence("", np.zeros(1, np.float32), (), (), (), {"uncovered_share": uncovered_share})


def row(kind: str, lead: float, *, right: bool) -> Row:
    return Row(kind, {"lead": lead}, right)


# Answers stand out by 3 and more, near misses by 1 and less.
CLINIC = [row("answerable", 3.0 + n % 4, right=True) for n in range(40)] + [
    row("near_miss", n % 3 / 2, right=False) for n in range(40)
]


def test_leads_are_over_the_second_best_and_nearest() -> None:
    found = [candidate("a", 0.5, 2.0), candidate("b", 0.75, -1.5), candidate("c", 0.25, None)]
    features = passage_features(found, evidence(0.4))
    assert features["reranker"] == 2.0
    assert features["reranker_lead"] == pytest.approx(3.5)
    assert features["cosine"] == 0.5
    assert features["cosine_lead"] == pytest.approx(0.25)
    assert features["uncovered_share"] == 0.4


def test_nothing_found_has_features_too() -> None:
    features = passage_features([], evidence(1.0))
    assert features["cosine"] == -1.0
    assert features["reranker_lead"] == 0.0


def test_hopeless_passages_count_the_same() -> None:
    assert passage_features([candidate("a", 0.1, -11.3)], evidence(1.0))["reranker"] == -8.0


def test_what_stands_out_is_answered_and_what_does_not_is_handed_over() -> None:
    gate = fit_passages([CLINIC])
    result = check(gate, CLINIC)
    assert gate.weights["lead"] > 0
    assert result.auc == 1.0
    assert result.right.value == 1.0
    assert result.near_misses.value == 0.0


def test_a_small_clinic_weighs_as_much_as_a_large_one() -> None:
    turned = [Row(one.kind, {"lead": -one.features["lead"]}, one.right) for one in CLINIC]
    alone = fit_passages([CLINIC, turned])
    thrice = fit_passages([CLINIC * 3, turned])
    assert thrice.weights["lead"] == pytest.approx(alone.weights["lead"], abs=1e-3)


def test_the_check_counts_missed_and_wrong_apart() -> None:
    rows = [
        row("answerable", 2.0, right=True),
        row("answerable", 2.0, right=False),
        row("answerable", -2.0, right=True),
        row("answerable", -2.0, right=False),
        row("near_miss", 2.0, right=False),
        row("off_topic", -2.0, right=False),
    ]
    result = check(Gate(0.0, {"lead": 1.0}, 0.5), rows)
    assert (result.right.hits, result.right.total) == (1, 4)
    assert (result.wrong.hits, result.wrong.total) == (1, 4)
    assert (result.near_misses.hits, result.near_misses.total) == (1, 1)
    assert (result.off_topic.hits, result.off_topic.total) == (0, 1)
    # Right ones score 0.88 and 0.12, the others 0.88, 0.12, 0.88 and 0.12: of 8 pairs 2 are won and 4 are ties.
    assert result.auc == pytest.approx(0.5)
