"""The line in front of the answering: as many questions at a time as there are cores, in order, and not too many."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

Result = TypeVar("Result")
LONGEST = 3.0  # seconds of waiting, as far as can be foreseen, with which a question is still taken
PATIENCE = 8.0  # seconds after which one that waits all the same is refused: proxies and people give up soon after
_RECENT = 0.1  # weight of the last question in the mean that foresees


class LineFullError(Exception):
    """Too many are waiting, or this one waited too long. Never leaves the web layer."""


class Line:
    """Runs work in a few threads, first come, first served.

    More threads than cores would not answer sooner: each question would only take longer, and those that need the
    cross-encoder longest of all.
    """

    def __init__(
        self,
        places: int,
        *,
        workers: int | None = None,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`places` wait at most, each for up to `patience` seconds; `workers` are served at a time."""
        self.workers = workers or max(2, _cores())
        self._places = places
        self._patience = patience
        self._clock = clock
        self._pace = 0.0  # seconds in which the line moves up by one, a moving mean
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="kbot-answer")
        self._lock = threading.Lock()
        self._inside = 0

    @property
    def waiting(self) -> int:
        """How many wait for a worker now."""
        return max(0, self._inside - self.workers)

    @property
    def is_full(self) -> bool:
        """True where the next question would be refused."""
        return self._inside >= self._places + self.workers or self.waiting * self._pace > LONGEST

    async def run(self, work: Callable[[], Result], *, waited: Callable[[float], None] | None = None) -> Result:
        """Return what `work` returns; `waited` gets the seconds that it stood in line.

        Raises:
            LineFullError: every place is taken, or it stood in line too long. The work was not begun.
        """
        with self._lock:
            if self.is_full:
                raise LineFullError
            self._inside += 1
        since = self._clock()
        context = contextvars.copy_context()

        def begin() -> Result:
            begun = self._clock()
            seconds = begun - since
            if waited is not None:
                waited(seconds)
            if seconds > self._patience:
                raise LineFullError
            try:
                return context.run(work)
            finally:
                self._pace += _RECENT * ((self._clock() - begun) / self.workers - self._pace)

        try:
            future = self._pool.submit(begin)
        except RuntimeError:  # the server is ending
            self._leave(None)
            raise LineFullError from None
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _leave(self, _: Future[Result] | None) -> None:
        with self._lock:
            self._inside -= 1


def _cores() -> int:
    """Return how many cores this process may use; only Linux tells more than how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
