"""Bodies that are too large, never end or never come, against a real `kbot serve`: nobody else notices."""

from __future__ import annotations

import contextlib
import json
import socket
import urllib.request
from typing import TYPE_CHECKING

import pytest
from bench.server import Server

from kbot.web.security import MAX_BODY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kbot.service import Service

DRIBBLERS = 100
CHUNK = b"10000\r\n" + b" " * 65_536 + b"\r\n"


@pytest.fixture(scope="module")
def server(service: Service) -> Iterator[Server]:
    with Server(index=str(service.settings.index), corpus=str(service.settings.corpus), journal="off") as running:
        yield running


def answered(server: Server) -> str:
    """Ask as an ordinary visitor; return the outcome."""
    body = json.dumps({"turns": ["How long does a session take?"]}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/api/ask", body)
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        return str(json.load(response)["outcome"])


def sent(server: Server, head: str, piece: bytes = b"", most: int = 0) -> tuple[bytes, int]:
    """Send a head, then a piece again and again up to `most` bytes; return the answer and the bytes that went."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        went = 0
        with contextlib.suppress(OSError):
            while went < most:
                connection.sendall(piece)
                went += len(piece)
        answer = b""
        with contextlib.suppress(OSError):
            answer = connection.recv(65_536)
        return answer, went


def test_fifty_megabytes_are_refused_by_their_length_or_when_they_pass_the_limit(server: Server) -> None:
    assert answered(server) == "answer"
    before = server.memory()
    fifty = 50_000_000

    named, _ = sent(server, f"POST /api/ask HTTP/1.1\nHost: a\nContent-Length: {fifty}")
    chunked, went = sent(server, "POST /api/ask HTTP/1.1\nHost: a\nTransfer-Encoding: chunked", CHUNK, fifty)

    assert named.startswith(b"HTTP/1.1 413")
    assert chunked.startswith(b"HTTP/1.1 413") or went < fifty
    assert answered(server) == "answer"
    assert server.memory() - before < 30


def test_who_sends_byte_by_byte_or_never_ends_a_head_keeps_nobody_waiting(server: Server) -> None:
    assert answered(server) == "answer"
    before = server.memory()
    with contextlib.ExitStack() as held:
        for number in range(DRIBBLERS):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            head = b"POST /api/ask HTTP/1.1\r\nHost: a\r\n"
            connection.sendall(head + (b"Content-Length: 1000\r\n\r\n{" if number % 2 else b"X-A: "))
        for _ in range(5):
            assert answered(server) == "answer"
        assert server.memory() - before < 30


@pytest.mark.parametrize(
    "head",
    [
        "GET / HTTP/1.1\nHost: a\nX-A: " + "a" * 1_000_000,
        "GET /" + "a" * 100_000 + " HTTP/1.1\nHost: a",
        "GET / HTTP/1.1\nHost: a\n" + "\n".join(f"X-{n}: a" for n in range(20_000)),
        "nonsense",
        "POST /api/ask HTTP/1.1\nHost: a\nContent-Length: 5\nContent-Length: 6",
        f"POST /api/ask HTTP/1.1\nHost: a\nContent-Length: {MAX_BODY + 1}",
    ],
)
def test_a_head_that_is_none_is_refused_and_the_next_visitor_answered(server: Server, head: str) -> None:
    answer, _ = sent(server, head)

    assert answer == b"" or answer.split(b" ")[1] in {b"400", b"404", b"413", b"414", b"431", b"505"}
    assert b"Traceback" not in answer
    assert answered(server) == "answer"
