"""The journal as the staff's tabs read it: opened once, with reports kept until something changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar, cast

from kbot.coverage.command import open_existing
from kbot.coverage.document_use import use_by_document
from kbot.coverage.gaps import find_gaps
from kbot.coverage.overview import make_overview
from kbot.coverage.usage import passage_use, threshold_of
from kbot.errors import JournalError
from kbot.journal.database import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from kbot.coverage.document_use import DocumentUses
    from kbot.coverage.gaps import Gap
    from kbot.coverage.overview import Overview
    from kbot.coverage.period import Period
    from kbot.journal.store import Journal
    from kbot.service import Service

_KEPT = 12  # reports
_Report = TypeVar("_Report")


class Reading:
    """One open journal for all of the staff's tabs. Nothing is opened before somebody looks."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._lock = threading.Lock()
        self._journal: Journal | None = None
        self._reports: OrderedDict[Hashable, object] = OrderedDict()

    def journal(self) -> Journal | None:
        """Return the journal; None where it is off, or nobody has asked anything yet.

        Raises:
            JournalError: it can't be opened, or is no journal.
        """
        with self._lock:
            if self._journal is None:
                self._journal = open_existing(self.service.settings.journal)
            return self._journal

    def existing(self) -> Journal:
        """Return the journal.

        Raises:
            JournalError: there is none yet, or it can't be opened.
        """
        journal = self.journal()
        if journal is None:
            raise JournalError("there is no journal yet: nobody has asked anything")
        return journal

    def where(self) -> str:
        """Return the place of the journal as people read it."""
        return describe(self.service.settings.journal)

    @property
    def threshold(self) -> float:
        """The least probability that is shown as an answer, (0, 1)."""
        return threshold_of(self.service.index)

    def overview(self, period: Period) -> Overview | None:
        """Return the overview of a period; None where there is no journal yet."""
        journal = self.journal()
        if journal is None:
            return None
        key = ("overview", *self.key(journal, period))
        return self._kept(key, lambda: make_overview(journal, self.threshold, period))

    def gaps(self, period: Period) -> tuple[Gap, ...]:
        """Return what to write next; nothing where there is no journal yet. Takes seconds where much was asked."""
        journal = self.journal()
        if journal is None:
            return ()

        def find() -> tuple[Gap, ...]:
            return tuple(find_gaps(journal.entries(period.start, period.end), self.service.index, period))

        return self._kept(("gaps", *self.key(journal, period)), find)

    def document_uses(self, period: Period) -> DocumentUses:
        """Return every document with the use of its passages; without a journal, nothing was ever shown."""
        index, journal = self.service.index, self.journal()
        if journal is None:
            return unused(self.service)

        def count() -> DocumentUses:
            return use_by_document(passage_use(journal.entries(period.start, period.end), index), index)

        return self._kept(("documents", *self.key(journal, period)), count)

    def key(self, journal: Journal, period: Period) -> tuple[Hashable, ...]:
        """Return what a report on a period depends on."""
        return period, self.service.build, journal.revision()

    def _kept(self, key: Hashable, make: Callable[[], _Report]) -> _Report:
        with self._lock:
            if key in self._reports:
                self._reports.move_to_end(key)
                return cast("_Report", self._reports[key])
        report = make()
        with self._lock:
            self._reports[key] = report
            while len(self._reports) > _KEPT:
                self._reports.popitem(last=False)
        return report


def unused(service: Service) -> DocumentUses:
    """Return every document as where nobody was ever shown anything."""
    return use_by_document(passage_use([], service.index), service.index)
