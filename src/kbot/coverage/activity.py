"""How much was asked, and how much of it was answered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.evaluation import Rate
from kbot.records import Outcome, Reason

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from kbot.coverage.period import Period
    from kbot.journal.entries import EntryFigures, JournalEntry, UrgentCount

# What no text of the clinic could have answered, however much of it there were.
_NO_TEXT_ANSWERS = (Reason.PERSONAL_ADVICE, Reason.OFF_TOPIC, Reason.ASKED_FOR_A_PERSON, Reason.UNCLEAR)


@dataclass(frozen=True, slots=True)
class Day:
    """The messages of one day by what came of them; every outcome is there, also with 0."""

    day: datetime.date  # UTC
    outcomes: dict[Outcome, int]

    @property
    def total(self) -> int:
        """All messages of the day."""
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class Activity:
    """The period in figures."""

    days: tuple[Day, ...]  # every day of the period, also those without a message
    outcomes: dict[Outcome, int]
    reasons: dict[Reason, Rate]  # of all that went to a clinician, the most frequent first
    answered: Rate  # of all questions; greetings, crisis and emergency are none
    covered: Rate  # of the questions that a text could answer: answered, against not covered
    feedback: Rate  # helpful, of all who said


def measure(
    entries: Sequence[JournalEntry | EntryFigures], urgent: Sequence[UrgentCount], period: Period
) -> Activity:
    """Count the entries and the urgent messages of the period."""
    by_day = {day: Counter[Outcome]() for day in period.days}
    for entry in entries:
        by_day[entry.time.date()][entry.outcome] += 1
    for count in urgent:
        by_day[count.day][count.outcome] += count.count
    days = tuple(Day(day, {outcome: counts[outcome] for outcome in Outcome}) for day, counts in by_day.items())
    outcomes = {outcome: sum(day.outcomes[outcome] for day in days) for outcome in Outcome}
    reasons = Counter(entry.reason for entry in entries if entry.reason is not None)
    answered, handed_over = outcomes[Outcome.ANSWER], outcomes[Outcome.CLINICIAN]
    beyond = sum(reasons[reason] for reason in _NO_TEXT_ANSWERS)
    said = [entry.helpful for entry in entries if entry.helpful is not None]
    return Activity(
        days,
        outcomes,
        {reason: Rate(number, handed_over) for reason, number in reasons.most_common()},
        Rate(answered, answered + handed_over),
        Rate(answered, answered + handed_over - beyond),
        Rate(sum(said), len(said)),
    )
