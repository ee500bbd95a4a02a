"""Where the journal is, and how it is opened: a SQLite file of the user's by default, PostgreSQL by its URL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy
from platformdirs import user_data_dir
from sqlalchemy import Engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from kbot.errors import JournalError, SettingsError
from kbot.settings import JOURNAL_OFF

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

AUTO = "auto"
_WAIT = 5  # seconds for a lock or for a server, before a write is tried again later
_WRITES = "kbot_writes"


def locate(journal: str) -> URL | None:
    """Return the address of the journal that `KBOT_JOURNAL` names; None for "off".

    Raises:
        SettingsError: it is a URL of neither SQLite nor PostgreSQL.
    """
    if journal.strip().lower() == JOURNAL_OFF:
        return None
    if "://" not in journal:
        named = journal.strip()
        file = Path(user_data_dir("kbot")) / "journal.db" if named in {"", AUTO} else Path(named).expanduser()
        return sqlalchemy.URL.create("sqlite", database=str(file.absolute()))
    try:
        url = make_url(journal.strip())
    except (ArgumentError, ValueError):
        raise SettingsError("KBOT_JOURNAL is not a URL: write postgresql://USER:PASSWORD@HOST/DATABASE") from None
    match url.get_backend_name():
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
        case "sqlite" if url.database:
            return url.set(drivername="sqlite")
    raise SettingsError(
        f"KBOT_JOURNAL has {url.drivername}://, which kbot can't use: give a path or postgresql://..."
    )


def describe(journal: str) -> str:
    """Return the place of the journal as people read it: a path, a URL without its password, or "off"."""
    url = locate(journal)
    if url is None:
        return JOURNAL_OFF
    return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def connect(url: URL) -> Engine:
    """Return an engine for the journal. A SQLite file and its folder are made, readable by their owner only.

    Raises:
        JournalError: the folder can't be made, or the driver of PostgreSQL isn't installed.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    try:
        import psycopg  # noqa: F401  asked for here, so that the message can say what to install
    except ImportError:
        raise JournalError("PostgreSQL needs its driver: pip install 'kbot[postgresql]'") from None
    wait = {"connect_timeout": _WAIT, "options": f"-c statement_timeout={_WAIT * 1000}"}
    return sqlalchemy.create_engine(url, pool_pre_ping=True, pool_size=2, max_overflow=2, connect_args=wait)


def _sqlite(url: URL) -> Engine:
    path = Path(str(url.database))
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, parents=True)
        # SQLite gives its side files (-wal, -shm) the permissions of the file itself.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise JournalError(f"the journal {path} can't be written ({error.strerror}): set KBOT_JOURNAL") from None
    engine = sqlalchemy.create_engine(url, connect_args={"timeout": _WAIT})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    del record
    # The driver would open transactions by itself, and late: `_begin` does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA secure_delete=ON")  # what is forgotten is overwritten, not only unlinked
    cursor.close()


def _begin(connection: Connection) -> None:
    # A writer asks for the lock at once: two that first read and then write would refuse each other.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def writing(engine: Engine) -> Engine:
    """Return the engine for transactions that write."""
    return engine.execution_options(**{_WRITES: True})


def problem(error: SQLAlchemyError, where: str) -> JournalError:
    """Return what failed as a message without the values of the statement: they could hold what a visitor typed."""
    cause = error.__cause__ or error
    return JournalError(f"the journal {where} can't be used: {type(cause).__name__}: {_first_line(cause)}")


def _first_line(cause: BaseException) -> str:
    lines = str(cause).strip().splitlines()
    return lines[0][:200] if lines else "no reason given"
