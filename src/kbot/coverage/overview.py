"""A period at a glance: figures that need no encoder, so that they are there at once."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.coverage.activity import Activity, Day, measure
from kbot.coverage.gaps import is_unanswered
from kbot.coverage.usage import is_near_miss, is_unhelpful
from kbot.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.coverage.period import Period
    from kbot.journal.entries import EntryFigures, JournalEntry, ReadsJournal

BINS = 20  # of the histogram; each as wide as 1 / BINS


@dataclass(frozen=True, slots=True)
class Histogram:
    """How sure the bot was of the questions that a text could answer, answered and not."""

    answered: tuple[int, ...]  # BINS counts: the first is of [0, 1 / BINS), the last has 1.0 in it
    unanswered: tuple[int, ...]
    threshold: float  # (0, 1)
    below: int  # of all: their confidence is less than the threshold
    above: int  # of all: the threshold or more


@dataclass(frozen=True, slots=True)
class Overview:
    """What was asked in a period, and what is open."""

    period: Period
    made_up: bool  # True: the journal is a demo, nobody asked any of this
    entries: int
    activity: Activity
    confidence: Histogram
    near_misses: int  # answered, but barely, and not handled
    unhelpful: int  # answers marked as not helpful, and not handled
    unanswered: int  # questions that nothing answered, and that are not handled

    @property
    def empty(self) -> bool:
        """True where nobody asked anything in the period."""
        return not any(self.activity.outcomes.values())


def make_overview(journal: ReadsJournal, threshold: float, period: Period) -> Overview:
    """Return the overview of a period."""
    entries = journal.figures(period.start, period.end)
    urgent = journal.urgent(period.start.date(), period.end.date())
    return Overview(
        period=period,
        made_up=journal.made_up,
        entries=len(entries),
        activity=measure(entries, urgent, period),
        confidence=confidence_histogram(entries, threshold),
        near_misses=sum(is_near_miss(entry, threshold) for entry in entries),
        unhelpful=sum(is_unhelpful(entry) for entry in entries),
        unanswered=sum(is_unanswered(entry) and not entry.handled for entry in entries),
    )


def confidence_histogram(entries: Sequence[JournalEntry | EntryFigures], threshold: float) -> Histogram:
    """Count the questions that a text could answer by the bot's confidence.

    Greetings, personal questions and the like are left out: their confidence decided nothing.
    """
    answered, unanswered = [0] * BINS, [0] * BINS
    below = 0
    for entry in entries:
        if entry.outcome is not Outcome.ANSWER and not is_unanswered(entry):
            continue
        counts = answered if entry.outcome is Outcome.ANSWER else unanswered
        # Rounded first: 0.15 * 20 is a little more than 3, 0.35 * 20 a little less than 7.
        counts[min(int(round(entry.confidence * BINS, 9)), BINS - 1)] += 1
        below += entry.confidence < threshold
    above = sum(answered) + sum(unanswered) - below
    return Histogram(tuple(answered), tuple(unanswered), threshold, below, above)


def by_week(days: Sequence[Day]) -> list[Day]:
    """Return days added up by week, each under its Monday, in order."""
    weeks: dict[datetime.date, dict[Outcome, int]] = {}
    for day in days:
        monday = day.day - datetime.timedelta(days=day.day.weekday())
        counts = weeks.setdefault(monday, dict.fromkeys(Outcome, 0))
        for outcome, count in day.outcomes.items():
            counts[outcome] += count
    return [Day(monday, counts) for monday, counts in weeks.items()]
