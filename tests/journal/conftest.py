"""A journal in SQLite and in a real PostgreSQL, which the tests start for themselves."""

from __future__ import annotations

import datetime
import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from kbot.journal.entries import JournalEntry, ShownScore
from kbot.journal.store import Journal
from kbot.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOON = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server without the name of a database, on a socket of its own."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]))
    binary = shutil.which("initdb", path=str(binaries[-1])) if binaries else shutil.which("initdb")
    if binary is None:
        pytest.skip("there is no PostgreSQL: sh tools/postgresql.sh installs it")
    # A server refuses to run as root; Debian's package makes a user for it.
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="kbot-pg-"))
    if user is not None:
        shutil.chown(folder, user, user)

    def run(*command: str) -> None:
        extra: list[str] | None = [] if user is not None else None
        done = subprocess.run(
            command,
            user=user,
            group=user,
            extra_groups=extra,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    control, data, log = str(Path(binary).with_name("pg_ctl")), str(folder / "data"), str(folder / "log")
    run(binary, "-D", data, "-U", "kbot", "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8")
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    run(control, "-D", data, "-l", log, "-w", "-o", options, "start")
    yield f"postgresql://kbot@/{{database}}?host={folder}"
    run(control, "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture
def new_database(postgresql: str) -> Callable[[], str]:
    """Make an empty database in the PostgreSQL server; return its URL."""

    def make() -> str:
        import psycopg

        name = f"test{next(_numbers)}"
        with psycopg.connect(postgresql.format(database="postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return postgresql.format(database=name)

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a journal, as `KBOT_JOURNAL` names it."""
    if request.param == "sqlite":
        return str(tmp_path / "folder" / "journal.db")
    make: Callable[[], str] = request.getfixturevalue("new_database")
    return make()


@pytest.fixture
def journal(place: str) -> Iterator[Journal]:
    """An empty journal, once in SQLite and once in PostgreSQL."""
    opened = Journal.open(place)
    yield opened
    opened.close()


class MakeEntry(Protocol):
    """Makes an entry; `fields` replace what the test is about."""

    def __call__(self, question: str = ..., time: datetime.datetime = ..., **fields: object) -> JournalEntry: ...


@pytest.fixture
def make_entry() -> MakeEntry:
    """A function that makes entries."""

    def make(question: str = "Does it hurt?", time: datetime.datetime = NOON, **fields: object) -> JournalEntry:
        values: dict[str, object] = {
            "id": 0,
            "time": time,
            "channel": "chat",
            "question": question,
            "outcome": Outcome.ANSWER,
            "reason": None,
            "missing": (),
            "passages": (ShownScore("faq#hurt-1", 0.9), ShownScore("article#pain-2", 0.5)),
            "confidence": 0.93,
            "build": "b1",
            "elapsed_ms": 4.25,
            **fields,
        }
        return JournalEntry(**values)  # type: ignore[arg-type]

    return make
