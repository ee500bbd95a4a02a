"""The days that a report is about."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from kbot.errors import InputError

DEFAULT_DAYS = 30
_MOST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, UTC. It has two halves, so that a report can say what has become more."""

    since: datetime.date  # the first day
    until: datetime.date  # the last day; it counts

    @property
    def start(self) -> datetime.datetime:
        """The first moment that belongs to it."""
        return _midnight(self.since)

    @property
    def end(self) -> datetime.datetime:
        """The first moment that doesn't belong to it any more."""
        return _midnight(self.until + datetime.timedelta(days=1))

    @property
    def middle(self) -> datetime.datetime:
        """Where its second half begins: of an odd number of days, at noon."""
        return self.start + (self.end - self.start) / 2

    @property
    def days(self) -> tuple[datetime.date, ...]:
        """Every day, in order."""
        count = (self.until - self.since).days + 1
        return tuple(self.since + datetime.timedelta(days=number) for number in range(count))


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), tzinfo=datetime.UTC)


def choose_period(
    today: datetime.date,
    *,
    since: datetime.date | None = None,
    until: datetime.date | None = None,
    days: int | None = None,
) -> Period:
    """Return the period from two of the three, or from what is given and the defaults: 30 days, up to today.

    Raises:
        InputError: all three are given, it ends before it begins, or it is longer than ten years.
    """
    if since is not None and until is not None and days is not None:
        raise InputError("--since, --until and --days say more than one period: leave one of them out")
    if days is not None and not 1 <= days <= _MOST_DAYS:
        raise InputError(f"--days is {days}: give a whole number from 1 to {_MOST_DAYS}")
    try:
        if since is None:
            until = until or today
            since = until - datetime.timedelta(days=(days or DEFAULT_DAYS) - 1)
        elif until is None:
            until = today if days is None else since + datetime.timedelta(days=days - 1)
        until + datetime.timedelta(days=1)  # the report asks for the moment at which the last day is over
    except OverflowError:
        raise InputError("the period leaves the calendar: give a --since and an --until of these years") from None
    if since > until:
        raise InputError(f"the period begins on {since} and ends on {until}: give an earlier --since")
    if (until - since).days >= _MOST_DAYS:
        raise InputError(f"the period has more than {_MOST_DAYS} days: give a later --since")
    return Period(since, until)
