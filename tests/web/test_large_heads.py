"""Requests whose address and headers are too large, sent to `kbot serve` byte by byte as they are written here."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kbot.web.security import MAX_HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.testclient import TestClient

REPOSITORY = Path(__file__).parent.parent.parent
WITHIN = 60.0  # seconds for anything that must come
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a `kbot serve` without an index."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = int(free.getsockname()[1])
    own = {"CORPUS": REPOSITORY / "corpus", "INDEX": tmp_path_factory.mktemp("none"), "PORT": number}
    settings = {f"KBOT_{name}": str(value) for name, value in own.items()} | {
        "KBOT_JOURNAL": "off",
        "KBOT_STAFF": "off",
    }
    command = [sys.executable, "-u", str(REPOSITORY / "app.py")]
    server = subprocess.Popen(command, env=os.environ | settings, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    with server, server.stdout as said:
        assert next((line for line in said if line.startswith("The chat is on")), None) is not None
        yield number
        server.send_signal(signal.SIGINT)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=WITHIN)


def read_to_end(connection: socket.socket) -> bytes:
    """Return what comes until the server closes; waiting longer than a minute for that fails."""
    answer = b""
    # A server that closes while more is on its way to it resets the connection, and what it said may be lost.
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            answer += part
    return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def assert_goes_on(port: int) -> None:
    with connect(port) as next_visitor:
        next_visitor.sendall(HEALTH + b"Connection: close\r\n\r\n")
        assert status(read_to_end(next_visitor)) == 200


def test_a_whole_head_over_the_limit_is_refused_and_its_connection_closed(port: int) -> None:
    with connect(port) as connection:
        # Without the last part it is under the limit, so the server waits for more; the last part comes whole.
        connection.sendall(HEALTH + b"X-A: " + b"a" * (MAX_HEAD - len(HEALTH) - 100))
        connection.sendall(b"a" * 1_000 + b"\r\n\r\n" + HEALTH + b"\r\n")
        answer = read_to_end(connection)

    assert status(answer) in {400, 431}
    assert b"connection: close" in answer.lower()
    assert answer.count(b"HTTP/1.1") == 1  # the request behind it is not looked at
    assert_goes_on(port)


@pytest.mark.parametrize(
    ("head", "fine"),
    [
        (HEALTH + b"X-A: " + b"a" * 100_000 + b"\r\n\r\n", 0),
        (HEALTH + b"Cookie: " + b"a=b; " * 20_000 + b"\r\n\r\n", 0),
        (HEALTH + b"".join(b"X-%d: a\r\n" % number for number in range(10_000)) + b"\r\n", 0),
        (b"GET /healthz?" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 0),
        (HEALTH + b"X-A: " + b"a" * 1_000_000, 0),
        (HEALTH + b"\r\n" + HEALTH + b"X-A: " + b"a" * 100_000 + b"\r\n\r\n", 1),
    ],
    ids=["one header", "cookies", "many headers", "address", "one that never ends", "behind one that is fine"],
)
def test_a_hundred_kilobytes_of_head_are_never_answered(port: int, head: bytes, fine: int) -> None:
    with connect(port) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(head)
        answer = read_to_end(connection)

    statuses = [int(part.split(b" ", 2)[1]) for part in answer.split(b"HTTP/1.1")[1:]]
    assert set(statuses) <= {200, 400, 431}
    assert statuses.count(200) <= fine
    assert_goes_on(port)


def test_a_head_below_the_limit_is_answered(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(HEALTH + b"Connection: close\r\nX-A: " + b"a" * (MAX_HEAD - 1_000) + b"\r\n\r\n")
        assert status(read_to_end(connection)) == 200


@pytest.mark.parametrize("path", ["/", "/api/ask", "/healthz", "/staff/", "/nothing"])
def test_the_refusal_says_why_at_every_address(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"x-a": "a" * MAX_HEAD})

    assert (answer.status_code, answer.headers["connection"]) == (431, "close")
    assert f"larger than {MAX_HEAD} bytes" in answer.json()["error"]
    assert client.get(path, headers={"x-a": "a" * (MAX_HEAD // 2)}).status_code != 431
