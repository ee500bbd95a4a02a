"""Where blocking work of sign-ins is done: in a few threads of its own, so that a flood of it stalls no visitor."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from kbot.accounts.access import StaffAccess

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from kbot.settings import Settings

Result = TypeVar("Result")
_WAITING = 8  # sign-ins that may wait for the one that is being checked


class BusyError(Exception):
    """Too many sign-ins are waiting already. Never leaves the staff pages."""


class Desk:
    """Does what staff access needs, in threads. Its files are opened with the first request that needs them."""

    def __init__(self, settings: Settings, open_access: Callable[[Settings], StaffAccess] = StaffAccess.open) -> None:
        self._settings = settings
        self._open = open_access
        self._access: StaffAccess | None = None
        self._guard = threading.Lock()
        self._waiting = 0
        self._files = ThreadPoolExecutor(2, thread_name_prefix="kbot-staff")
        # One password at a time: an attempt takes a core for a good part of a second, and 64 MiB.
        self._hashing = ThreadPoolExecutor(1, thread_name_prefix="kbot-staff-password")

    async def look(self, task: Callable[[StaffAccess], Result]) -> Result:
        """Do something that reads or writes files.

        Raises:
            AccountsError: the files can't be used.
        """
        return await asyncio.wrap_future(self._files.submit(lambda: task(self._opened())))

    async def check(self, task: Callable[[StaffAccess], Result]) -> Result:
        """Do something that hashes a password.

        Raises:
            BusyError: too many wait already.
            AccountsError: the files can't be used.
        """
        with self._guard:
            if self._waiting > _WAITING:
                raise BusyError
            self._waiting += 1
        future = self._hashing.submit(lambda: task(self._opened()))
        future.add_done_callback(self._done)
        return await asyncio.wrap_future(future)

    def _done(self, future: Future[Result]) -> None:
        del future
        with self._guard:
            self._waiting -= 1

    def _opened(self) -> StaffAccess:
        with self._guard:
            if self._access is None:
                self._access = self._open(self._settings)
            return self._access
