"""Sessions and counted failures: a small SQLite file that a machine's processes share and that outlives them."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

from kbot.accounts.folder import check_private, locked, unusable
from kbot.errors import AccountsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "sign-in.db"
_WAIT = 3  # seconds for another process's lock
# Append-only: a file made by an earlier version runs what it has not run yet.
_MIGRATIONS = (
    """
    CREATE TABLE session (
        id TEXT PRIMARY KEY,      -- SHA-256 of the id that the browser holds: the file alone opens nothing
        name TEXT NOT NULL,
        began REAL NOT NULL,      -- seconds since 1970, UTC
        seen REAL NOT NULL
    );
    CREATE TABLE failure (
        key TEXT PRIMARY KEY,     -- a keyed hash of what was counted: people type passwords where a name belongs
        level REAL NOT NULL,      -- failures, less what has drained away since
        counted REAL NOT NULL,    -- when the level was right
        until REAL NOT NULL       -- nothing is tried before
    );
    """,
)


class State:
    """Opens the file for one transaction at a time: no connection outlives it or is shared by threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / FILE

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection whose changes are kept whole, or not at all.

        Raises:
            AccountsError: the file can't be opened, read or written.
        """
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection to read with.

        Raises:
            AccountsError: the file can't be opened or read.
        """
        try:
            with contextlib.closing(self._connect()) as connection:
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from None

    def _connect(self) -> sqlite3.Connection:
        # Looked at each time: somebody may delete the file while kbot runs, so that everybody signs in again.
        if not self.path.exists():
            self._prepare()
        connection = self._open()
        if _version(connection) != len(_MIGRATIONS):
            connection.close()
            self._prepare()
            connection = self._open()
        return connection

    def _open(self) -> sqlite3.Connection:
        # isolation_level None: transactions begin where the code says so.
        connection = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None)
        try:
            connection.execute("PRAGMA secure_delete=ON")
            _version(connection)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        """Make the file where there is none, and run the migrations that it lacks."""
        with locked(self._folder):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            check_private(self.path)
            with contextlib.closing(self._open()) as connection:
                version = _version(connection)
                if version > len(_MIGRATIONS):
                    raise AccountsError(f"{self.path} was made by a newer kbot: install that one, or delete the file")
                for number, step in enumerate(_MIGRATIONS[version:], start=version + 1):
                    connection.executescript(f"BEGIN; {step} PRAGMA user_version = {number}; COMMIT;")

    def _unusable(self, error: sqlite3.Error | OSError) -> AccountsError:
        if isinstance(error, OSError):
            return unusable(self.path, error)
        return AccountsError(
            f"{self.path} can't be used ({error}): free the disk where it is full; else delete the file, and "
            "everybody signs in again"
        )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
