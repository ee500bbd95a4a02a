"""What the journal keeps of one question. Frozen values: a store returns them, reports read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Sequence

    from kbot.records import Outcome, Reason


@dataclass(frozen=True, slots=True)
class ShownScore:
    """A passage that a visitor was shown as an answer."""

    id: str
    score: float  # [0, 1], higher is surer


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One question, redacted, and what came of it. Crisis and emergency are never entries: they are only counted."""

    id: int
    time: datetime.datetime  # aware, UTC
    channel: str  # "chat", "rest" or "cli"
    question: str  # redacted
    outcome: Outcome
    reason: Reason | None
    missing: tuple[str, ...]  # concepts that the material lacks
    passages: tuple[ShownScore, ...]  # best first; empty unless answered
    confidence: float  # [0, 1]
    build: str
    elapsed_ms: float
    helpful: bool | None = None  # None: no feedback
    feedback: str = ""  # redacted; why, in the visitor's words
    handled: bool = False  # staff have dealt with it


@dataclass(frozen=True, slots=True)
class EntryFigures:
    """What figures need of an entry, without its texts: a period may have a hundred thousand."""

    time: datetime.datetime  # aware, UTC
    outcome: Outcome
    reason: Reason | None
    confidence: float  # [0, 1]
    helpful: bool | None  # None: no feedback
    handled: bool


@dataclass(frozen=True, slots=True)
class UrgentCount:
    """How many messages of one day were a crisis, or an emergency. Nothing else of them is kept."""

    day: datetime.date  # UTC
    outcome: Outcome
    count: int


class ReadsJournal(Protocol):
    """What reports need of a journal."""

    @property
    def made_up(self) -> bool:
        """True for a demo journal: nobody asked these questions."""

    def entries(self, since: datetime.datetime, until: datetime.datetime) -> Sequence[JournalEntry]:
        """Return the entries with since <= time < until, oldest first."""

    def figures(self, since: datetime.datetime, until: datetime.datetime) -> Sequence[EntryFigures]:
        """Return the figures of the entries with since <= time < until, oldest first."""

    def urgent(self, since: datetime.date, until: datetime.date) -> Sequence[UrgentCount]:
        """Return the counts of crisis and emergency with since <= day < until, oldest first."""


class FillsJournal(Protocol):
    """What `kbot demo-journal` needs of a new, empty journal."""

    def fill(self, entries: Iterable[JournalEntry], urgent: Iterable[UrgentCount]) -> None:
        """Write made-up entries and counts as they are (their ids are given anew), and mark the journal made up."""
