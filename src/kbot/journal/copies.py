"""A whole and consistent copy of a SQLite journal, also while it is written to; and a copy put back."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.errors import JournalError
from kbot.journal.database import describe, locate

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIDE_FILES = ("-wal", "-shm")


def sqlite_file(journal: str) -> Path | None:
    """Return the file of the journal that `KBOT_JOURNAL` names; None where it is off or in PostgreSQL."""
    url = locate(journal)
    if url is None or url.get_backend_name() != "sqlite":
        return None
    return Path(str(url.database))


def save_copy(journal: str, target: Path) -> bool:
    """Write a copy of the SQLite journal into a new file that only its owner can read; False where there is none.

    What is committed when the copy begins is in it, whoever writes meanwhile.

    Raises:
        JournalError: the journal can't be read, or the copy not written.
    """
    source = sqlite_file(journal)
    if source is None or not source.is_file():
        return False
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with _opened(source) as reading, _opened(target) as writing:
            reading.backup(writing)
        check_copy(target)
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"the journal {source} can't be copied: {error}") from None
    return True


def check_copy(file: Path) -> None:
    """See that a file is a whole SQLite database.

    Raises:
        JournalError: it isn't.
    """
    try:
        with _opened(file) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise JournalError(f"{file} is no journal: {error}") from None
    if verdict != "ok":
        raise JournalError(f"{file} is damaged: {verdict}")


def check_journal(file: Path) -> None:
    """See that a file is a whole journal, of this kbot or an older one, and holds nothing that could act by itself.

    Raises:
        JournalError: it isn't.
    """
    check_copy(file)
    with _opened(file) as connection:
        made = connection.execute("SELECT type, name FROM sqlite_master").fetchall()
    strange = sorted(f"the {kind} {name!r}" for kind, name in made if kind not in {"table", "index"})
    if strange:
        raise JournalError(f"{file} is no journal of kbot: it has {', '.join(strange[:3])}")
    if made and ("table", "schema_version") not in made:  # one that nobody asked anything yet may be empty
        raise JournalError(f"{file} is no journal of kbot: it lacks the table schema_version")


def put_back(copy: Path, journal: str, *, replace: bool) -> Path:
    """Make a copy the journal that `KBOT_JOURNAL` names; return where that is. kbot must not run meanwhile.

    Let `check_journal` see the copy first.

    Raises:
        JournalError: the journal has entries and `replace` was not asked for, or can't be written.
    """
    target = sqlite_file(journal)
    if target is None:
        raise JournalError(f"the journal is {describe(journal)}: a copy of a SQLite journal can't be put there")
    if not replace and not _is_empty(target):
        raise JournalError(
            f"the journal {target} has entries that would be lost: move it away, or add --replace-journal"
        )
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Side files of the old journal would be taken for the new one's.
        for name in _SIDE_FILES:
            target.with_name(target.name + name).unlink(missing_ok=True)
        copy.chmod(0o600)
        copy.replace(target)
    except OSError as error:
        raise JournalError(f"the journal {target} can't be written ({error.strerror}): set KBOT_JOURNAL") from None
    return target


def _is_empty(file: Path) -> bool:
    if not file.is_file() or not file.stat().st_size:
        return True
    try:
        with _opened(file) as connection:
            (rows,) = connection.execute(
                "SELECT (SELECT COUNT(*) FROM entries) + (SELECT COUNT(*) FROM urgent)"
            ).fetchone()
    except sqlite3.Error:
        return False  # whatever it is, it is not ours to overwrite
    return not rows


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(file)
    try:
        yield connection
    finally:
        connection.close()
