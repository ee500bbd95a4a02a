"""Floors under what the golden questions measure, against a step back; `kbot evaluate` prints the figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kbot.evaluation import ScoreCard, evaluate, read_questions
from kbot.records import Found, Kind
from kbot.search.index import open_index
from kbot.text import words

if TYPE_CHECKING:
    from kbot.service import Service

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def rewordings(service: Service) -> ScoreCard:
    return evaluate(service, read_questions(GOLDEN / "rewordings.jsonl"))


@pytest.fixture(scope="module")
def questions(service: Service) -> ScoreCard:
    """The score card of the questions that the bank does not hold word for word."""
    topics = open_index(service.settings).topics.topics
    known = {tuple(words(phrasing)) for topic in topics for phrasing in topic.phrasings}
    asked = read_questions(GOLDEN / "questions.jsonl")
    return evaluate(service, [one for one in asked if len(one.turns) > 1 or tuple(words(one.turns[0])) not in known])


def test_each_of_the_faqs_eleven_questions_finds_its_own_answer_first(service: Service) -> None:
    faq = [p for p in service.passages.values() if service.documents[p.document_id].kind is Kind.CLINIC_FAQ]
    assert len(faq) == 11
    for passage in faq:
        answer = service.ask([passage.heading[-1]]).answer
        assert isinstance(answer, Found)
        assert answer.passages[0].id == passage.id


@pytest.mark.parametrize(
    ("rate", "floor"),
    [("answerable: right at 1", 0.90), ("answerable: right at 3", 0.96), ("answerable: answered", 0.96)],
)
def test_the_faqs_questions_put_otherwise_find_their_answers(rewordings: ScoreCard, rate: str, floor: float) -> None:
    assert rewordings.rates[rate].total == 55
    assert rewordings.rates[rate].value >= floor


@pytest.mark.parametrize(
    ("rate", "floor"),
    [
        ("answerable: right at 1", 0.83),
        ("answerable: right at 3", 0.89),
        ("answerable: answered", 0.92),
        ("answerable: found at 3, shown or related", 0.94),
        ("personal: handed over", 0.95),
        ("contact: answered or handed over", 1.0),
    ],
)
def test_what_should_be_high_does_not_fall(questions: ScoreCard, rate: str, floor: float) -> None:
    assert questions.rates[rate].value >= floor


@pytest.mark.parametrize(
    ("rate", "ceiling"),
    [("answerable: answered wrongly", 0.04), ("near miss: answered", 0.045), ("off topic: answered", 0.09)],
)
def test_what_should_be_low_does_not_rise(questions: ScoreCard, rate: str, ceiling: float) -> None:
    assert questions.rates[rate].value <= ceiling


def test_confidence_tells_answerable_questions_from_near_misses(questions: ScoreCard) -> None:
    assert questions.auc is not None
    assert questions.auc >= 0.975
    assert questions.calibration_error is not None
    assert questions.calibration_error <= 0.09
