"""Entries, a small index and a small journal for the tests of the coverage report."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from kbot.coverage.period import Period
from kbot.journal.entries import EntryFigures, JournalEntry, ShownScore, UrgentCount
from kbot.records import Document, Kind, Outcome, Reason, TopicKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.search.index import SearchIndex

PAGE = """# Harbour FAQ

## How long does a session take?

A session takes forty minutes.

## What are the side effects?

Nausea and dizziness are common side effects.

## Is there parking?

Parking is free behind the house.
"""
TOPICS = {
    "length": (["how long does a session take", "session length"], ["A session takes forty minutes."]),
    "side-effects": (["what are the side effects", "nausea"], ["Nausea and dizziness are common side effects."]),
    "pregnancy": (["is it safe during pregnancy", "pregnant women"], []),
    "my-dose": (["how much should i take"], []),
    "weather": (["will it rain tomorrow"], []),
}
KINDS = {"my-dose": TopicKind.PERSONAL, "weather": TopicKind.OFF_TOPIC}


class MakesEntry(Protocol):
    """Makes an entry; what isn't said is as in most."""

    def __call__(self, question: str = ..., outcome: Outcome = ..., **fields: Any) -> JournalEntry:
        """Return the entry; `shown` are ids of passages, `day` a day of January 2026."""


@pytest.fixture
def entry() -> MakesEntry:
    """What makes entries, with ids from 1 in the order in which they are made."""
    made = 0

    def make(question: str = "how long", outcome: Outcome = Outcome.ANSWER, **fields: Any) -> JournalEntry:
        nonlocal made
        made += 1
        time = datetime.datetime(2026, 1, fields.pop("day", 1), 12, tzinfo=datetime.UTC)
        shown = tuple(ShownScore(id_, 0.9) for id_ in fields.pop("shown", ()))
        reason = Reason.NOT_COVERED if outcome is Outcome.CLINICIAN else None
        values: dict[str, Any] = {
            "reason": reason,
            "missing": (),
            "confidence": 0.9,
            "build": "handmade",
            "elapsed_ms": 5.0,
        }
        values |= {"channel": "chat"} | fields
        return JournalEntry(id=made, time=time, question=question, outcome=outcome, passages=shown, **values)

    return make


@pytest.fixture(scope="session")
def index(handmade: Any) -> SearchIndex:
    """A page of three answers and five topics: two answered, one not covered, one personal, one off topic."""
    text = PAGE
    page = Document("faq", "Harbour FAQ", Kind.CLINIC_FAQ, text, 0, "faq.md")
    made: SearchIndex = handmade(page, topics=TOPICS, kinds=KINDS)
    return made


@pytest.fixture
def ids(index: SearchIndex) -> dict[str, str]:
    """The ids of the passages by the first word of their text."""
    return {passage.text.split()[0]: passage.id for passage in index.passages.values()}


class MemoryJournal:
    """A journal in memory."""

    def __init__(
        self, entries: Sequence[JournalEntry], urgent: Sequence[UrgentCount] = (), *, made_up: bool = False
    ) -> None:
        self.made_up = made_up
        self._entries, self._urgent = entries, urgent

    def entries(self, since: datetime.datetime, until: datetime.datetime) -> Sequence[JournalEntry]:
        return [entry for entry in self._entries if since <= entry.time < until]

    def figures(self, since: datetime.datetime, until: datetime.datetime) -> Sequence[EntryFigures]:
        return [
            EntryFigures(e.time, e.outcome, e.reason, e.confidence, e.helpful, e.handled)
            for e in self.entries(since, until)
        ]

    def urgent(self, since: datetime.date, until: datetime.date) -> Sequence[UrgentCount]:
        return [count for count in self._urgent if since <= count.day < until]


@pytest.fixture
def journal() -> type[MemoryJournal]:
    """What makes a journal in memory."""
    return MemoryJournal


@pytest.fixture
def january() -> Period:
    """The first ten days of January 2026; its second half begins on the sixth."""
    return Period(datetime.date(2026, 1, 1), datetime.date(2026, 1, 10))
