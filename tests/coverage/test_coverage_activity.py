from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest

from kbot.coverage.activity import measure
from kbot.journal.entries import UrgentCount
from kbot.records import Outcome, Reason

if TYPE_CHECKING:
    from tests.coverage.conftest import MakesEntry

    from kbot.coverage.period import Period


def test_every_day_stands_there_with_its_outcomes_also_an_empty_one(entry: MakesEntry, january: Period) -> None:
    entries = [entry(day=2), entry(day=2, outcome=Outcome.CLINICIAN), entry(day=4, outcome=Outcome.GREETING)]
    urgent = [UrgentCount(datetime.date(2026, 1, 2), Outcome.CRISIS, 3)]
    days = {day.day.day: day for day in measure(entries, urgent, january).days}
    assert list(days) == list(range(1, 11))
    assert {outcome.value: count for outcome, count in days[2].outcomes.items() if count} == {
        "answer": 1,
        "clinician": 1,
        "crisis": 3,
    }
    assert (days[1].total, days[2].total, days[4].total) == (0, 5, 1)


def test_greetings_and_urgent_messages_are_no_questions_that_were_not_answered(
    entry: MakesEntry, january: Period
) -> None:
    entries = [entry() for _ in range(8)] + [entry(outcome=Outcome.CLINICIAN) for _ in range(2)]
    entries += [entry(outcome=Outcome.GREETING)]
    urgent = [UrgentCount(datetime.date(2026, 1, 1), Outcome.EMERGENCY, 5)]
    answered = measure(entries, urgent, january).answered
    assert (answered.hits, answered.total) == (8, 10)
    assert answered.interval() == pytest.approx((0.490, 0.943), abs=5e-4)  # as in the doc of Rate


def test_what_no_text_could_answer_is_left_out_of_the_second_rate(entry: MakesEntry, january: Period) -> None:
    reasons = [Reason.NOT_COVERED, Reason.PERSONAL_ADVICE, Reason.OFF_TOPIC, Reason.UNCLEAR, Reason.PERSONAL_ADVICE]
    entries = [entry(), *(entry(outcome=Outcome.CLINICIAN, reason=reason) for reason in reasons)]
    activity = measure(entries, [], january)
    assert (activity.answered.hits, activity.answered.total) == (1, 6)
    assert (activity.covered.hits, activity.covered.total) == (1, 2)
    shares = {reason: (rate.hits, rate.total) for reason, rate in activity.reasons.items()}
    assert shares[Reason.PERSONAL_ADVICE] == (2, 5)
    assert next(iter(shares)) is Reason.PERSONAL_ADVICE
    assert sum(hits for hits, _ in shares.values()) == 5


def test_feedback_counts_those_only_who_said_something(entry: MakesEntry, january: Period) -> None:
    entries = [entry(helpful=True), entry(helpful=False), entry(helpful=True), entry()]
    feedback = measure(entries, [], january).feedback
    assert (feedback.hits, feedback.total) == (2, 3)
