"""Forgets what is older than the retention, and does not take the word of a clock that went wrong.

A clock that is right forgets a sliver each hour. One that jumped far ahead would have the whole journal forgotten in
one step, and what is forgotten can't be brought back. So a purge that would take more than half of the journal waits
for half a day of this process's own, monotonic time: long enough for the clock to be set right, short enough that
what truly is that old, after a long silence, is forgotten on the same day.
"""

from __future__ import annotations

import datetime
import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kbot.journal.store import Journal

_log = logging.getLogger("kbot.journal")
_PURGE_EVERY = 3600.0  # seconds
_HELD_FOR = 12 * 3600.0  # seconds that a purge waits which would take more than
_AT_ONCE = 0.5  # of the journal
_EVER = datetime.datetime.min.replace(tzinfo=datetime.UTC), datetime.datetime.max.replace(tzinfo=datetime.UTC)


class Retention:
    """The limit in days, and when it was last enforced. For one thread."""

    def __init__(self, days: int, *, every: float = _PURGE_EVERY, held_for: float = _HELD_FOR) -> None:
        """`every` and `held_for` are seconds."""
        self._days = days
        self._every = every
        self._held_for = held_for
        self._purged: float | None = None
        self._held_since: float | None = None
        self.held: str | None = None  # why nothing is forgotten at present, for staff

    def enforce(self, journal: Journal, now: datetime.datetime) -> None:
        """Forget what is too old at `now`, at most once an hour.

        Raises:
            JournalError: the journal can't be read or written.
        """
        at = time.monotonic()
        if self._purged is not None and at - self._purged < self._every:
            return
        self._purged = at
        oldest = now - datetime.timedelta(days=self._days)
        due = _size(journal, _EVER[0], oldest)
        if due > _AT_ONCE * _size(journal, *_EVER):
            if self._held_since is None:
                self._hold(due, now)
                self._held_since = at
            if at - self._held_since < self._held_for:
                return
        self._held_since = self.held = None
        journal.purge(self._days, now)

    def _hold(self, due: int, now: datetime.datetime) -> None:
        self.held = (
            f"by this machine's clock ({now:%Y-%m-%d}) {due} entries, more than half of the journal, are older than "
            f"{self._days} days. They go in {self._held_for / 3600:.0f} hours unless the clock is set right: "
            "`kbot journal purge` forgets them at once"
        )
        _log.warning("%s", self.held)


def _size(journal: Journal, since: datetime.datetime, until: datetime.datetime) -> int:
    """Return how many entries and days with counts there are with since <= time < until."""
    from kbot.journal.find import EntryFilter  # with SQLAlchemy, which a single `kbot ask` does without

    return journal.count(EntryFilter(since, until)) + len(journal.urgent(since.date(), until.date()))
