"""Servers of PostgreSQL and of Milvus that a test can stop and start again."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 60.0  # seconds that anything is waited for


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Wait until something is so; `what` says what did not come about."""
    end = time.monotonic() + LONGEST
    while not true():
        assert time.monotonic() < end, what
        threading.Event().wait(0.02)


class PostgreSQL:
    """A server on a socket of its own. It refuses to run as root: Debian's package makes a user for it."""

    def __init__(self, initdb: Path) -> None:
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="kbot-pg-"))
        if self._user is not None:
            shutil.chown(self._folder, self._user, self._user)
        self._control = initdb.with_name("pg_ctl")
        self._names = itertools.count(1)
        # Its writes may stay in the system's memory: that outlives a server that is killed.
        initialise = ("-U", "kbot", "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8")
        self._run(initdb, "-D", self._folder / "data", *initialise)

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(
            list(map(str, command)),
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = f"-c listen_addresses='' -c unix_socket_directories='{self._folder}' -c fsync=off"
        log = self._folder / "log"
        self._run(self._control, "-D", self._folder / "data", "-l", log, "-w", "-o", options, "start")

    def stop(self, mode: str) -> None:
        """Stop it: "immediate", as a crash does, or "fast", as an upgrade does."""
        self._run(self._control, "-D", self._folder / "data", "-w", "-m", mode, "stop")

    def new_database(self) -> str:
        """Make an empty database; return its URL."""
        import psycopg

        name = f"faults{next(self._names)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql://kbot@/{database}?host={self._folder}"

    def remove(self) -> None:
        """Stop it and delete its files."""
        if (self._folder / "data" / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self._folder)


class Milvus:
    """Milvus Lite as a process of its own, on a port of this machine."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """The URL of the server."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        place = ("--data-dir", str(self._folder), "--host", "127.0.0.1", "--port", str(self.port))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "milvus_lite", "server", *place],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
        )
        wait_until(self._listens, "Milvus Lite did not start")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """Kill it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(LONGEST)
