"""A driver as a process: started, asked and measured from outside, the same for every system."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.peers.systems import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.peers.systems import System

_MIB = 1024 * 1024
_MODELS = {"model", "models"}
_LONGEST_START_S = 120.0


class DriverError(Exception):
    """A driver ended when it should not have; its own words are in the message."""


@dataclass(frozen=True, slots=True)
class Session:
    """One process from its start to its last answer."""

    cold_s: float  # process start to first answer
    cold_cpu_s: float  # processor time until then, of all threads
    resident_mib: float  # after the last answer
    peak_mib: float
    ids: list[list[str]]  # passages found for each question, nearest first
    ms: list[float]  # inside the process, one a question; the first one, which is cold, included
    cpu_ms: list[float]  # processor time of all its threads, likewise


def build(system: System, folder: Path, model: str, lines: str) -> tuple[float, float]:
    """Have a driver make an index; return its seconds from process start to end, and those of the work alone."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(
            system.command("build", folder, model), input=lines, stdout=subprocess.PIPE, stderr=said, text=True,
            cwd=ROOT, env=environment(system), check=False,
        )  # fmt: skip
        elapsed = time.perf_counter() - start
        if done.returncode != 0:
            raise DriverError(_failed(system, said))
    return elapsed, float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def ask(system: System, folder: Path, model: str, questions: Sequence[str]) -> Session:
    """Start a driver, ask every question, one after the other, and end it."""
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            system.command("ask", folder, model), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
            text=True, cwd=ROOT, env=environment(system),
        )  # fmt: skip
        assert process.stdin is not None  # noqa: S101  asked for above
        assert process.stdout is not None  # noqa: S101
        answers: list[dict[str, object]] = []
        cold = 0.0
        try:
            for question in questions:
                print(json.dumps(question), file=process.stdin, flush=True)
                line = process.stdout.readline()
                if not line:
                    raise DriverError(_failed(system, said))
                cold = cold or time.perf_counter() - start
                answers.append(json.loads(line))
            resident, peak = memory_mib(process.pid)
        finally:
            process.stdin.close()
            process.wait(60)
            process.stdout.close()
    ids = [list(map(str, answer["ids"])) for answer in answers]  # type: ignore[call-overload]
    ms, cpu_ms = ([float(str(answer[name])) for answer in answers] for name in ("ms", "cpu_ms"))
    cold_cpu = float(str(answers[0]["so_far_s"]))
    return Session(cold, cold_cpu, resident, peak, ids, ms, cpu_ms)


def memory_mib(pid: int) -> tuple[float, float]:
    """Return the resident memory of a process now and at its peak, in MiB.

    The peak is read from the process itself: what `wait4` reports for a child counts the parent's pages as well,
    which the two share between fork and exec.

    Raises:
        DriverError: the process has ended.
    """
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kib = {name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines) if "kB" in value}
    if "VmRSS" not in kib:
        raise DriverError(f"process {pid} ended under load")
    return kib["VmRSS"] / 1024, kib["VmHWM"] / 1024


def busy_s() -> float:
    """Return the processor seconds that this machine has spent on anything, all cores together, since it started."""
    user, nice, system, _idle, _waiting, *interrupts = Path("/proc/stat").read_text().splitlines()[0].split()[1:8]
    return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(system: System, folder: Path, model: str) -> Iterator[tuple[int, int]]:
    """Serve a driver over HTTP; gives its port and process id once it listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            system.command("serve", folder, model, str(port)), stdout=subprocess.DEVNULL, stderr=said,
            cwd=ROOT, env=environment(system),
        )  # fmt: skip
        try:
            _await_port(system, process, port, said)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(60)


def _await_port(system: System, process: subprocess.Popen[bytes], port: int, said: object) -> None:
    until = time.perf_counter() + _LONGEST_START_S
    while time.perf_counter() < until:
        if process.poll() is not None:
            raise DriverError(_failed(system, said))
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise DriverError(f"{system.name} does not listen after {_LONGEST_START_S:.0f} s")


def _failed(system: System, said: object) -> str:
    said.seek(0)  # type: ignore[attr-defined]
    return f"{system.name} ended early:\n{said.read()[-2000:]}"  # type: ignore[attr-defined]


def index_mib(folder: Path) -> float:
    """Return the size of an index, in MiB: all files of its folder but the models, which kbot keeps beside it."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sum(p.stat().st_size for p in files if not _MODELS & set(p.relative_to(folder).parts)) / _MIB
