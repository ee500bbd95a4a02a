"""Failed sign-ins are counted by name and by client, and the wait before the next one grows.

An attempt is counted before its password is checked, so that many at once can't get ahead of the counting. The counts
drain slowly: several people who share an address don't lock each other out over a day.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from kbot.accounts.state import State

_DRAIN = 600  # seconds for one failure to be forgotten
_FORGET = 4 * 3600  # seconds after which no count is left of an account or client


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures are free, and the wait after them: `first` seconds, doubled each time up to `longest`."""

    free: int
    first: int
    longest: int


# A client first: one that guesses at a name is stopped before the name's owner is.
CLIENT = Limit(free=6, first=30, longest=3600)
NAME = Limit(free=12, first=30, longest=900)
_LIMITS: Mapping[str, Limit] = {"client": CLIENT, "name": NAME}


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of counting an attempt."""

    wait: int  # seconds before the next one is looked at; 0: this one is
    locks: bool = False  # a wait begins with this attempt, should it fail


class Lockout:
    """The counts."""

    def __init__(self, state: State, secret: bytes) -> None:
        self._state = state
        self._secret = secret

    def count(self, name: str, client: str, *, now: float) -> Counted:
        """Count an attempt, unless there is still a wait: then nothing is counted and nothing may be tried.

        Raises:
            AccountsError: it can't be counted.
        """
        with self._state.transaction() as connection:
            connection.execute("DELETE FROM failure WHERE counted < ? AND until < ?", (now - _FORGET, now))
            rows = {kind: self._row(connection, kind, text, now) for kind, text in _keys(name, client)}
            wait = max(until - now for _, until in rows.values())
            if wait > 0:
                return Counted(math.ceil(wait))
            locks = False
            for kind, text in _keys(name, client):
                limit, level = _LIMITS[kind], rows[kind][0] + 1
                over = math.ceil(level) - limit.free
                until = now + min(limit.first * 2.0 ** min(over, 20), limit.longest) if over >= 0 else 0.0
                locks = locks or until > 0
                connection.execute(
                    "INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?)", (self._key(kind, text), level, now, until)
                )
        return Counted(0, locks)

    def forgive(self, name: str, client: str) -> None:
        """Take back the count of an attempt that succeeded: the name's failures are forgotten, the client's are not.

        Who has an account could else wipe out each time what they failed at with other names.

        Raises:
            AccountsError: it can't be written down.
        """
        with self._state.transaction() as connection:
            connection.execute("DELETE FROM failure WHERE key = ?", (self._key("name", name),))
            connection.execute(
                "UPDATE failure SET level = MAX(level - 1, 0), until = 0 WHERE key = ?",
                (self._key("client", client),),
            )

    def _row(self, connection: sqlite3.Connection, kind: str, text: str, now: float) -> tuple[float, float]:
        row = connection.execute(
            "SELECT level, counted, until FROM failure WHERE key = ?", (self._key(kind, text),)
        ).fetchone()
        if row is None:
            return 0.0, 0.0
        level, counted, until = map(float, row)
        # A clock that was set back makes neither the count nor the wait longer than they could have been.
        drained = max(0.0, now - counted) / _DRAIN
        return max(0.0, level - drained), min(until, now + _LIMITS[kind].longest)

    def _key(self, kind: str, text: str) -> str:
        return hmac.digest(self._secret, f"{kind}\0{text}".encode("utf-8", "replace"), "sha256").hex()


def _keys(name: str, client: str) -> tuple[tuple[str, str], ...]:
    # This machine's own address is that of everybody where a reverse proxy isn't named in the settings: counted, one
    # stranger's failures would lock out all staff. Their names are counted all the same.
    return (("name", name),) if _is_this_machine(client) else (("client", client), ("name", name))


def _is_this_machine(client: str) -> bool:
    try:
        return ipaddress.ip_address(client).is_loopback
    except ValueError:
        return False
