from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.thresholds import Judged, cheapest_threshold, cost, nested_thresholds

RIGHT, MISSED, WRONG = Judged(0.9, True, True), Judged(0.2, True, True), Judged(0.6, False, False)


def test_a_missed_question_costs_one_and_a_wrong_answer_ten() -> None:
    assert cost([RIGHT, MISSED, WRONG], 0.5) == 11.0
    assert cost([RIGHT, MISSED, WRONG], 0.7) == 1.0
    assert cost([RIGHT, MISSED, WRONG], 0.95) == 2.0
    assert cost([RIGHT, MISSED, WRONG], 0.7, wrong=3) == 1.0


def test_a_probability_at_the_threshold_is_answered() -> None:
    assert cost([WRONG], 0.6) == 10.0
    assert cost([WRONG], 0.61) == 0.0


def test_an_answerable_question_with_the_wrong_passage_is_a_wrong_answer() -> None:
    assert cost([Judged(0.9, True, False)], 0.5) == 10.0


def test_the_cheapest_threshold_lies_midway_between_equally_cheap_ones() -> None:
    # From 0.61 to 0.90 the near miss is refused and the right one answered: 30 steps, of which the middle is 0.76.
    assert cheapest_threshold([RIGHT, WRONG], least_answered=0.0) == pytest.approx(0.76)


def test_so_many_answerable_questions_are_answered_whatever_it_costs() -> None:
    assert cheapest_threshold([RIGHT, MISSED, WRONG], least_answered=1.0) <= 0.2


def test_where_no_threshold_answers_enough_the_lowest_is_taken() -> None:
    assert cheapest_threshold([Judged(0.0, True, True)], least_answered=1.0) == 0.01


judged = st.lists(
    st.builds(Judged, st.integers(0, 100).map(lambda step: step / 100), st.booleans(), st.booleans()),
    min_size=1,
    max_size=30,
)


@given(judged)
def test_no_threshold_that_answers_enough_is_cheaper(some: list[Judged]) -> None:
    def answers_enough(threshold: float) -> bool:
        answerable = [one for one in some if one.answerable]
        return sum(one.probability >= threshold for one in answerable) >= 0.5 * len(answerable)

    chosen = cheapest_threshold(some, least_answered=0.5)
    others = [step / 100 for step in range(1, 100) if answers_enough(step / 100)]
    assert all(cost(some, chosen) <= cost(some, other) for other in others)


@given(judged)
def test_every_question_is_judged_once_by_a_threshold_that_was_chosen_without_it(some: list[Judged]) -> None:
    parts = nested_thresholds(some, folds=5)
    assert sorted(one.probability for _, part in parts for one in part) == sorted(one.probability for one in some)
    for threshold, part in parts:
        rest = list(some)
        for one in part:
            rest.remove(one)
        assert threshold == cheapest_threshold(rest)
