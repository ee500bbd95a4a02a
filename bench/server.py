"""`kbot serve` in a process of its own, for benchmarks that go through HTTP."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Self

_LONGEST_START = 120.0  # seconds


class Server:
    """kbot on a free port of this machine with a journal of its own, as a context."""

    def __init__(self, **settings: str) -> None:
        """Settings by their names, e.g. cache="0"."""
        self._settings = settings
        self._folder = tempfile.TemporaryDirectory(prefix="kbot-bench-")
        self.port = 0
        self.ready_after = 0.0  # seconds from the start of the process to the first "ready"

    def __enter__(self) -> Self:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        folder = Path(self._folder.name)
        own = {"port": str(self.port), "journal": str(folder / "journal.db"), "staff": "off", "log": "requests"}
        environment = os.environ | {f"KBOT_{name.upper()}": value for name, value in (own | self._settings).items()}
        start = time.perf_counter()
        with (folder / "log").open("wb") as log:
            command = [str(Path(sys.executable).parent / "kbot"), "serve"]
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        while not self._is_ready():
            if self._process.poll() is not None or time.perf_counter() - start > _LONGEST_START:
                raise RuntimeError((folder / "log").read_text())
            time.sleep(0.02)
        self.ready_after = time.perf_counter() - start
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)
        self._folder.cleanup()

    def memory(self) -> float:
        """Return the resident MiB."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def cpu(self) -> float:
        """Return the seconds of processor time used so far, all threads together."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def counters(self) -> dict[str, float]:
        """Return `/metrics`, a number for each name with its labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as response:
            lines = response.read().decode().splitlines()
        return {name: float(value) for name, _, value in (x.rpartition(" ") for x in lines if not x.startswith("#"))}

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False
