from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from kbot.answering.gate import Gate, read_gates
from kbot.answering.judge import Judge
from kbot.records import Document, Kind

if TYPE_CHECKING:
    from tests.conftest import HandmadeIndex

GATE = Gate(-1.0, {"cosine": 4.0, "uncovered_share": -2.0}, threshold=0.5)


def test_a_probability_is_the_logistic_of_the_weighted_features() -> None:
    verdict = GATE.judge({"cosine": 0.5, "uncovered_share": 0.25, "not asked for": 9.0})
    # -1 + 4 * 0.5 - 2 * 0.25 = 0.5; 1 / (1 + exp(-0.5))
    assert verdict.probability == pytest.approx(0.622459)
    assert verdict.answers


def test_a_probability_at_the_threshold_answers_and_one_below_does_not() -> None:
    assert GATE.judge({"cosine": 0.25, "uncovered_share": 0.0}).answers
    assert not GATE.judge({"cosine": 0.2499, "uncovered_share": 0.0}).answers


@pytest.mark.parametrize(("value", "probability"), [(1e6, 1.0), (-1e6, 0.0)])
def test_features_out_of_all_bounds_do_not_overflow(value: float, probability: float) -> None:
    assert GATE.judge({"cosine": value, "uncovered_share": 0.0}).probability == pytest.approx(probability)


def test_the_trigger_names_the_features_that_decided() -> None:
    trigger = GATE.judge({"cosine": 0.5, "uncovered_share": 0.25}).trigger
    assert trigger == "gate 0.62: cosine 0.50, uncovered_share 0.25"


def test_a_feature_that_is_missing_is_a_programmers_slip() -> None:
    with pytest.raises(KeyError, match="uncovered_share"):
        GATE.judge({"cosine": 0.5})


def test_the_reviewed_gates_are_sound() -> None:
    gates = read_gates()
    assert set(gates) == {"bank", "passages"}
    for gate in gates.values():
        assert 0 < gate.threshold < 1
        assert all(math.isfinite(weight) for weight in (gate.intercept, *gate.weights.values()))


@pytest.mark.parametrize(
    ("name", "for_an_answer", "against"),
    [
        ("bank", {"answered_log_odds", "nearest_answered"}, {"nearest_rival", "uncovered_share", "unseen_words"}),
        ("passages", {"reranker", "cosine"}, {"uncovered_share"}),
    ],
)
def test_each_feature_speaks_in_the_direction_that_its_name_says(
    name: str, for_an_answer: set[str], against: set[str]
) -> None:
    weights = read_gates()[name].weights
    assert {feature for feature in for_an_answer if weights[feature] <= 0} == set()
    assert {feature for feature in against if weights[feature] >= 0} == set()


@pytest.mark.parametrize("topics", [{"yes": (["is it so"], ["Yes."])}, {}])
def test_the_reviewed_gates_ask_for_nothing_but_what_is_measured(
    handmade: HandmadeIndex, topics: dict[str, tuple[list[str], list[str]]]
) -> None:
    page = Document("page", "Page", Kind.CLINIC_FAQ, "Yes.\n", 0, "page.md")
    index = handmade(page, topics=topics)
    judgement = Judge(index, rerank=6).judge("is it so", index.encoder.encode(["is it so"])[0])
    assert 0 <= judgement.probability <= 1
    name = "bank" if topics else "passages"
    assert all(f"{feature} " in judgement.trigger for feature in read_gates()[name].weights)
