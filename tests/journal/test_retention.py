"""A clock that jumps: nothing is forgotten in a hurry that can't be brought back."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest

from kbot.journal.find import EntryFilter
from kbot.journal.retention import Retention
from kbot.journal.store import Journal
from kbot.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.journal.conftest import MakeEntry

NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
LATER = NOW + datetime.timedelta(days=4000)  # of a clock that went wrong
EVER = EntryFilter(NOW - datetime.timedelta(days=9999), NOW + datetime.timedelta(days=9999))


@pytest.fixture
def journal(place: str, make_entry: MakeEntry) -> Iterator[Journal]:
    """A journal with an entry on each of the last 100 days."""
    journal = Journal.open(place)
    for days in range(100):
        journal.add(make_entry(f"{days} days ago", NOW - datetime.timedelta(days=days, minutes=1)))
    yield journal
    journal.close()


def test_a_clock_that_is_right_forgets_what_is_too_old(journal: Journal) -> None:
    retention = Retention(90)
    retention.enforce(journal, NOW)
    assert (journal.count(EVER), retention.held) == (90, None)


def test_a_clock_that_jumps_ahead_has_nothing_forgotten_and_staff_warned(
    journal: Journal, make_entry: MakeEntry, caplog: pytest.LogCaptureFixture
) -> None:
    retention = Retention(90, every=0)
    journal.add(make_entry("by the wrong clock", LATER))
    retention.enforce(journal, LATER)
    retention.enforce(journal, LATER)
    assert journal.count(EVER) == 101
    assert str(retention.held).startswith("by this machine's clock (2037-02-11) 100 entries, more than half")
    assert caplog.text.count("by this machine's clock") == 1


def test_a_clock_that_is_set_right_again_ends_the_waiting(journal: Journal) -> None:
    retention = Retention(90, every=0)
    retention.enforce(journal, LATER)
    retention.enforce(journal, NOW)
    assert (journal.count(EVER), retention.held) == (90, None)


def test_what_truly_is_that_old_is_forgotten_once_it_has_waited(journal: Journal, make_entry: MakeEntry) -> None:
    journal.add(make_entry("after a long silence", LATER))
    retention = Retention(90, every=0, held_for=0)
    retention.enforce(journal, LATER)
    assert (journal.count(EVER), retention.held) == (1, None)


def test_counts_of_danger_wait_too(place: str) -> None:
    journal = Journal.open(place)
    journal.count_urgent(NOW.date(), Outcome.CRISIS)
    Retention(90).enforce(journal, LATER)
    assert len(journal.urgent(NOW.date(), LATER.date())) == 1
    journal.close()
