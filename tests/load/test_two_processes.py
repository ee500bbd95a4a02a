"""Two processes behind Debian's nginx as docs/deploy/nginx.conf has them, one journal, and one of the two killed."""

from __future__ import annotations

import datetime
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2 as httpx
import pytest

from kbot.journal.store import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kbot.service import Service

REPOSITORY = Path(__file__).parent.parent.parent
CONFIGURATION = REPOSITORY / "docs" / "deploy" / "nginx.conf"
MAIN = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {site}
}}
"""
QUESTIONS = ["What are the side effects?", "How long does a session take?", "What does it cost?", "Does it hurt?"]
ASKED = 80
LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Site:
    """The address behind nginx, the processes with their ports, and their journal."""

    address: str
    processes: dict[int, subprocess.Popen[bytes]]
    journal: Path


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once the process is ready for questions."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        assert process.poll() is None, "it ended before it was ready"
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        threading.Event().wait(0.1)
    raise AssertionError("it was not ready in time")


def start_kbot(port: int, journal: Path) -> subprocess.Popen[bytes]:
    own = {
        "KBOT_PORT": str(port),
        "KBOT_JOURNAL": str(journal),
        "KBOT_ROOT_PATH": "/help",
        "KBOT_TRUSTED_PROXIES": "127.0.0.1",
        "KBOT_RATE": "0",
        "KBOT_STAFF": "off",
        "KBOT_THREADS": "1",
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KBOT_")} | own
    command = [str(Path(sys.executable).parent / "kbot"), "serve"]
    return subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def site(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    del service  # it has built the index, where there was none
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        pytest.fail("nginx is not installed: run `make test`, or install Debian's nginx-light")
    folder = tmp_path_factory.mktemp("two")
    journal, port, ports = folder / "journal.db", free_port(), (free_port(), free_port())
    text = CONFIGURATION.read_text(encoding="utf-8")
    for old, new in (
        ("127.0.0.1:7861", f"127.0.0.1:{ports[0]}"),
        ("127.0.0.1:7862", f"127.0.0.1:{ports[1]}"),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("/var/log/nginx/kbot.log", str(folder / "kbot.log")),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, site=text), encoding="utf-8")
    with ExitStack() as stack:
        processes = {number: start_kbot(number, journal) for number in ports}
        for number, process in processes.items():
            stack.callback(process.wait, 60)
            stack.callback(process.send_signal, signal.SIGTERM)
            wait_until_ready(number, process)
        nginx = subprocess.Popen([program, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")])
        stack.callback(nginx.wait, 30)
        stack.callback(nginx.terminate)
        wait_until_listening(port)
        yield Site(f"http://127.0.0.1:{port}/help", processes, journal)


def wait_until_listening(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            threading.Event().wait(0.05)
        else:
            return
    raise AssertionError("nginx does not listen")


def ask(site: Site, question: str) -> dict[str, Any]:
    response = httpx.post(f"{site.address}/api/ask", json={"turns": [question]}, timeout=60)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def counted(port: int, name: str) -> int:
    """Return what a process has counted under a name, all labels together."""
    lines = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text.splitlines()
    return sum(int(float(line.rpartition(" ")[2])) for line in lines if line.startswith(name))


def written_once(site: Site, *ports: int) -> int:
    """Return how many questions stand in the journal once nothing waits to be written."""
    end = time.monotonic() + 120
    while any(counted(port, "kbot_journal_waiting") for port in ports):
        assert time.monotonic() < end, "the journal is not written"
        threading.Event().wait(0.1)
    with closing(Journal.open(str(site.journal))) as journal:
        return len(journal.entries(LONG_AGO, datetime.datetime.now(datetime.UTC)))


def test_both_processes_answer_and_write_into_one_journal_and_one_that_dies_loses_no_question(site: Site) -> None:
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda number: ask(site, QUESTIONS[number % 4]), range(ASKED)))
    assert len({answer["build"] for answer in answers}) == 1
    first, second = site.processes
    counts = [counted(port, "kbot_questions_total{") for port in site.processes]
    assert sum(counts) == ASKED
    assert min(counts) > 0
    assert written_once(site, first, second) == ASKED

    with ThreadPoolExecutor(8) as callers:
        asking = [callers.submit(ask, site, QUESTIONS[number % 4]) for number in range(ASKED)]
        asking[8].result()
        site.processes[first].kill()
        assert all(answer.result()["outcome"] in {"answer", "clinician"} for answer in asking)
    # What the one that was killed had answered and not yet written is gone; nothing that was written is.
    assert written_once(site, second) >= counted(second, "kbot_journal_written_total") + counts[0]


def test_what_is_for_this_machine_is_not_passed_on(site: Site) -> None:
    for path in ("metrics", "readyz"):
        assert httpx.get(f"{site.address}/{path}").status_code == 404
