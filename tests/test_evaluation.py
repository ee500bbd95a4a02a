from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.errors import InputError
from kbot.evaluation import (
    Question,
    Rate,
    ScoreCard,
    area_under_curve,
    evaluate,
    expected_calibration_error,
    quantile,
    read_questions,
)
from kbot.records import (
    Answer,
    Asked,
    Fallback,
    Found,
    Kind,
    Outcome,
    Reason,
    Resource,
    ShownPassage,
    Source,
    Span,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CLINIC = Resource("Harbour Clinic", "(555) 010-0100")


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),  # Wilson's own worked form, z = 1.959964
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (1, 2, 0.0945, 0.9055),
        (0, 0, 0.0, 1.0),
    ],
)
def test_an_interval_is_wilsons(hits: int, total: int, low: float, high: float) -> None:
    assert Rate(hits, total).interval() == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_an_interval_solves_wilsons_equation_and_holds_the_rate(counts: tuple[int, int]) -> None:
    hits, total = counts
    rate = Rate(hits, total)
    low, high = rate.interval()
    assert 0 <= low <= rate.value + 1e-12
    assert rate.value - 1e-12 <= high <= 1
    for bound in (low, high):
        # The bound is where the observed rate lies 1.96 standard errors away, the error taken at the bound.
        assert abs(rate.value - bound) == pytest.approx(1.959964 * math.sqrt(bound * (1 - bound) / total), abs=1e-6)


def test_a_rate_of_nothing_is_zero() -> None:
    assert Rate(0, 0).value == 0.0


def test_the_area_under_the_curve_counts_ties_half() -> None:
    # Of the four pairs 0.9>0.5, 0.9>0.1, 0.5=0.5 and 0.5>0.1: 3.5 wins.
    assert area_under_curve([0.9, 0.5], [0.5, 0.1]) == 0.875
    assert area_under_curve([0.9], [0.1]) == 1.0
    assert area_under_curve([0.1], [0.9]) == 0.0
    assert area_under_curve([], [0.9]) is None
    assert area_under_curve([0.9], []) is None


scores = st.lists(st.integers(0, 10).map(lambda value: value / 10), min_size=1, max_size=20)


@given(scores, scores)
def test_the_area_under_the_curve_turns_round_with_its_sides(positive: list[float], negative: list[float]) -> None:
    one, other = area_under_curve(positive, negative), area_under_curve(negative, positive)
    assert one is not None
    assert other is not None
    assert one + other == pytest.approx(1.0)


def test_the_calibration_error_is_the_gap_of_each_bin_weighed_by_its_size() -> None:
    # Bin 0.9: three of mean 0.95, two right, gap 0.2833; bin 0.1: one of 0.15, wrong, gap 0.15.
    judged = [(0.93, True), (0.95, True), (0.97, False), (0.15, False)]
    assert expected_calibration_error(judged) == pytest.approx((3 * (0.95 - 2 / 3) + 0.15) / 4)
    assert expected_calibration_error([(1.0, True), (0.0, False)]) == 0.0
    assert expected_calibration_error([]) is None


@pytest.mark.parametrize(("share", "value"), [(0.5, 2), (0.95, 4), (0.25, 1), (0.26, 2), (0.0, 1), (1.0, 4)])
def test_a_quantile_is_the_nearest_rank(share: float, value: float) -> None:
    assert quantile([3, 1, 4, 2], share) == value
    assert quantile([], share) == 0.0


def shown(text: str) -> ShownPassage:
    source = Source("faq", "Questions", Kind.CLINIC_FAQ, None, "/source/faq#1")
    return ShownPassage("faq#1", text, (), 0, len(text), Span(0, len(text)), 0.9, source)


class Scripted:
    """Answers as it was told to."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self._answers = answers

    def ask(self, turns: Sequence[str]) -> Asked:
        return Asked(self._answers[turns[-1]], "b1", elapsed_ms=float(len(turns)))


def found(*texts: str, confidence: float = 0.9) -> Found:
    return Found("q", "m", tuple(map(shown, texts)), confidence)


def handed_over(*related: str, confidence: float = 0.1, outcome: Outcome = Outcome.CLINICIAN) -> Fallback:
    return Fallback(
        "q", outcome, "m", (CLINIC,), Reason.NOT_COVERED, tuple(map(shown, related)), confidence=confidence
    )


def score(*rows: tuple[str, Answer]) -> ScoreCard:
    questions = [Question(str(at), (str(at),), kind, ("gold",), "") for at, (kind, _) in enumerate(rows)]
    return evaluate(Scripted({str(at): answer for at, (_, answer) in enumerate(rows)}), questions)


def test_an_answerable_question_is_right_by_the_place_of_a_gold_passage() -> None:
    card = score(
        ("answerable", found("the gold sentence", "other")),
        ("answerable", found("a", "b", "gold")),
        ("answerable", found("a", "b", "c", "gold")),
        ("answerable", found("Gold")),
        ("answerable", handed_over("gold")),
    )
    rates = card.rates
    assert rates["answerable: right at 1"] == Rate(1, 5)
    assert rates["answerable: right at 3"] == Rate(2, 5)
    assert rates["answerable: answered"] == Rate(4, 5)
    assert rates["answerable: answered wrongly"] == Rate(2, 5)
    assert rates["answerable: found at 3, shown or related"] == Rate(3, 5)
    assert [(mistake.id, mistake.what) for mistake in card.mistakes] == [
        ("1", "right passage not first"),
        ("2", "answered wrongly"),
        ("3", "answered wrongly"),
        ("4", "missed"),
    ]


def test_questions_that_should_be_handed_over_are_counted_by_kind() -> None:
    card = score(
        ("near_miss", found("a", confidence=0.8)),
        ("near_miss", handed_over(confidence=0.2)),
        ("personal", handed_over()),
        ("off_topic", handed_over()),
        ("off_topic", found("a")),
        ("contact", found("a")),
        ("contact", handed_over()),
        ("answerable", found("gold", confidence=0.9)),
    )
    assert card.rates["near miss: answered"] == Rate(1, 2)
    assert card.rates["personal: handed over"] == Rate(1, 1)
    assert card.rates["off topic: answered"] == Rate(1, 2)
    assert card.rates["contact: answered or handed over"] == Rate(2, 2)
    assert card.auc == 1.0
    # 0.9 right, 0.8 wrong, 0.2 wrong: three bins of one each.
    assert card.calibration_error == pytest.approx((0.1 + 0.8 + 0.2) / 3)
    assert [mistake.what for mistake in card.mistakes] == ["answered", "answered"]


def test_a_question_taken_for_a_crisis_is_a_mistake_that_is_named() -> None:
    card = score(
        ("answerable", handed_over(outcome=Outcome.CRISIS)), ("personal", handed_over(outcome=Outcome.EMERGENCY))
    )
    assert [mistake.what for mistake in card.mistakes] == ["taken for crisis", "taken for emergency"]


def test_a_card_of_nothing_is_empty() -> None:
    card = score()
    assert (card.rates, card.auc, card.calibration_error, card.p50_ms, card.mistakes) == ({}, None, None, 0.0, [])


def test_a_card_is_plain_json() -> None:
    card = json.loads(json.dumps(score(("answerable", found("a"))).as_dict()))
    assert card["rates"]["answerable: right at 1"] == {
        "value": 0.0,
        "hits": 0,
        "total": 1,
        "low": 0.0,
        "high": 0.7935,
    }
    assert (card["auc"], card["p50_ms"], card["mistakes"][0]["what"]) == (None, 1.0, "answered wrongly")


def test_times_are_those_that_the_answers_report() -> None:
    questions = [Question(str(n), ("0",) * n, "answerable", (), "") for n in (1, 2, 3)]
    card = evaluate(Scripted({"0": found("a")}), questions)
    assert (card.p50_ms, card.p95_ms) == (2.0, 3.0)


def test_questions_are_read_a_line_each_and_unsure_ones_left_out(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(
        '{"id": 1, "turns": ["a", "b"], "kind": "answerable", "gold": ["g"]}\n\n'
        '{"id": "2", "turns": ["c"], "kind": "near_miss", "missing": "pregnancy", "register": "plain"}\n'
        '{"id": "3", "turns": ["d"], "kind": "unsure"}\n',
        encoding="utf-8",
    )
    assert read_questions(path) == [
        Question("1", ("a", "b"), "answerable", ("g",), ""),
        Question("2", ("c",), "near_miss", (), "pregnancy"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "5",
        "null",
        '{"id": "1"}',
        '{"id": 1, "turns": 5, "kind": ""}',
        '{"id": 1, "turns": [], "kind": ""}',
    ],
)
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"questions\.jsonl:2: .*turns"):
        read_questions(path)


@pytest.mark.parametrize("data", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "questions.jsonl"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError, match=r"questions\.jsonl can't be read .*: give a JSONL file of questions"):
        read_questions(path)
