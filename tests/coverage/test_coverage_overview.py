from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from kbot.coverage.activity import Day
from kbot.coverage.overview import BINS, by_week, confidence_histogram, make_overview
from kbot.journal.entries import UrgentCount
from kbot.records import Outcome, Reason

if TYPE_CHECKING:
    from tests.coverage.conftest import MakesEntry, MemoryJournal

    from kbot.coverage.period import Period


def test_the_histogram_counts_each_question_once_and_the_sides_of_the_threshold_exactly(entry: MakesEntry) -> None:
    answered = [entry(confidence=confidence) for confidence in (0.4, 0.35, 0.349, 1.0, 0.15)]
    handed_over = [entry("q", Outcome.CLINICIAN, confidence=confidence) for confidence in (0.0, 0.3499, 0.6)]

    found = confidence_histogram([*answered, *handed_over], 0.35)

    assert {at: count for at, count in enumerate(found.answered) if count} == {3: 1, 6: 1, 7: 1, 8: 1, 19: 1}
    assert {at: count for at, count in enumerate(found.unanswered) if count} == {0: 1, 6: 1, 12: 1}
    assert len(found.answered) == len(found.unanswered) == BINS
    assert (found.below, found.above) == (4, 4)


def test_questions_whose_confidence_decided_nothing_are_not_in_the_histogram(entry: MakesEntry) -> None:
    personal = entry("my dose", Outcome.CLINICIAN, reason=Reason.PERSONAL_ADVICE)

    found = confidence_histogram([personal, entry("hi", Outcome.GREETING)], 0.35)

    assert sum(found.answered) + sum(found.unanswered) == found.below + found.above == 0


def test_the_overview_counts_what_is_open(entry: MakesEntry, journal: type[MemoryJournal], january: Period) -> None:
    entries = [
        entry(confidence=0.4),
        entry(confidence=0.4, handled=True),
        entry(confidence=0.9, helpful=False),
        entry("pregnancy", Outcome.CLINICIAN),
        entry("parking", Outcome.CLINICIAN, handled=True),
        entry("later", day=11),
    ]
    urgent = [UrgentCount(datetime.date(2026, 1, 2), Outcome.CRISIS, 3)]

    found = make_overview(journal(entries, urgent, made_up=True), 0.35, january)

    assert (found.near_misses, found.unhelpful, found.unanswered, found.entries) == (1, 1, 1, 5)
    assert found.activity.outcomes[Outcome.CRISIS] == 3
    assert found.made_up
    assert not found.empty


def test_a_period_with_nothing_but_a_crisis_is_not_empty(journal: type[MemoryJournal], january: Period) -> None:
    urgent = [UrgentCount(datetime.date(2026, 1, 2), Outcome.CRISIS, 1)]

    assert not make_overview(journal([], urgent), 0.35, january).empty
    assert make_overview(journal([]), 0.35, january).empty


def test_days_add_up_to_weeks_that_begin_on_mondays() -> None:
    # 2026-01-04 is a Sunday.
    days = [Day(datetime.date(2026, 1, 3 + at), dict.fromkeys(Outcome, 0) | {Outcome.ANSWER: at}) for at in range(4)]

    weeks = [(week.day.isoformat(), week.outcomes[Outcome.ANSWER], week.total) for week in by_week(days)]

    assert weeks == [("2025-12-29", 0 + 1, 1), ("2026-01-05", 2 + 3, 5)]
