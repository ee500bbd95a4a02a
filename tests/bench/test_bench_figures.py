from __future__ import annotations

import pytest
from bench.peers.figures import Spread, Target, in_turn, judge, share_of_others


def test_a_spread_is_the_median_with_the_least_and_the_most() -> None:
    spread = Spread.of([3.0, 1.0, 8.0, 2.0])
    assert (spread.median, spread.least, spread.most, spread.rounds) == (2.5, 1.0, 8.0, 4)
    assert spread.shown(1) == "2.5 (1.0 to 8.0)"


def test_a_spread_of_one_round_claims_no_range() -> None:
    assert Spread.of([2.04]).shown(1) == "2.0"


def test_a_spread_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no round"):
        Spread.of([])


def test_a_target_is_held_against_the_best_peer_round_by_round() -> None:
    # The machine was three times slower in the second round, for everybody.
    verdict = judge(Target("8 times faster", 8.0), [1.0, 3.0, 1.0], {"a": [9.0, 27.0, 7.0], "b": [20.0, 60.0, 20.0]})
    assert verdict.peer == "a"
    assert (verdict.times_better.median, verdict.times_better.least, verdict.times_better.most) == (9.0, 7.0, 9.0)
    assert verdict.reached


def test_a_target_that_is_just_missed_is_not_reached() -> None:
    assert not judge(Target("8 times faster", 8.0), [1.0], {"a": [7.99]}).reached


def test_rounds_that_are_missing_are_refused_rather_than_left_out() -> None:
    with pytest.raises(ValueError, match="zip"):
        judge(Target("twice", 2.0), [1.0, 1.0], {"a": [3.0]})


def test_each_round_begins_with_another_system_and_has_all() -> None:
    assert [in_turn("abc", number) for number in range(4)] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
        ["a", "b", "c"],
    ]


def test_what_others_use_of_the_machine_is_what_is_neither_idle_nor_ours() -> None:
    # Two cores for 10 s are 20 s; 15 s were busy and 9 s of them ours.
    assert share_of_others(busy_s=15.0, own_s=9.0, cores=2, elapsed_s=10.0) == pytest.approx(0.3)
    assert share_of_others(busy_s=8.9, own_s=9.0, cores=2, elapsed_s=10.0) == 0.0
