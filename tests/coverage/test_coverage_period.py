from __future__ import annotations

import datetime

import pytest

from kbot.coverage.period import Period, choose_period
from kbot.errors import InputError

TODAY = datetime.date(2026, 3, 31)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def test_without_a_word_the_period_is_the_last_thirty_days_with_today() -> None:
    period = choose_period(TODAY)
    assert period == Period(day("2026-03-02"), TODAY)
    assert len(period.days) == 30


@pytest.mark.parametrize(
    ("since", "until", "days", "expected"),
    [
        (None, None, 1, ("2026-03-31", "2026-03-31")),
        ("2026-03-01", None, None, ("2026-03-01", "2026-03-31")),
        ("2026-01-01", None, 7, ("2026-01-01", "2026-01-07")),
        (None, "2026-01-07", 7, ("2026-01-01", "2026-01-07")),
        ("2026-01-01", "2026-01-02", None, ("2026-01-01", "2026-01-02")),
    ],
)
def test_any_two_of_since_until_and_days_make_a_period(
    since: str | None, until: str | None, days: int | None, expected: tuple[str, str]
) -> None:
    period = choose_period(TODAY, since=since and day(since), until=until and day(until), days=days)  # type: ignore[arg-type]
    assert (period.since, period.until) == (day(expected[0]), day(expected[1]))


def test_a_period_covers_its_last_day_whole_and_splits_in_the_middle() -> None:
    period = Period(day("2026-01-01"), day("2026-01-03"))
    assert period.start.isoformat() == "2026-01-01T00:00:00+00:00"
    assert period.middle.isoformat() == "2026-01-02T12:00:00+00:00"
    assert period.end.isoformat() == "2026-01-04T00:00:00+00:00"


@pytest.mark.parametrize(
    ("since", "until", "days", "said"),
    [
        ("2026-01-01", "2026-01-02", 2, "more than one period"),
        ("2026-01-02", "2026-01-01", None, "begins on 2026-01-02 and ends on 2026-01-01"),
        (None, None, 0, "--days is 0"),
        ("0001-01-01", None, None, "more than 3660 days"),
        ("9999-12-31", "9999-12-31", None, "leaves the calendar"),
        (None, "0001-01-05", 30, "leaves the calendar"),
        ("9999-12-30", None, 30, "leaves the calendar"),
    ],
)
def test_a_period_that_cannot_be_is_refused(
    since: str | None, until: str | None, days: int | None, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        choose_period(TODAY, since=since and day(since), until=until and day(until), days=days)  # type: ignore[arg-type]
