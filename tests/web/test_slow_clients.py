from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kbot.web.security import MAX_BODY, Limits

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope

SCOPE: Scope = {"type": "http", "method": "POST", "path": "/api/ask", "headers": []}


async def never_reached(*_: object) -> None:
    raise AssertionError("the request was passed on")


def answered(receive: Receive, *, within: float) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Limits(never_reached, nowhere="", within=within)(dict(SCOPE), receive, send))
    return sent


def test_a_body_that_does_not_arrive_in_time_is_refused_and_the_connection_closed() -> None:
    async def nothing() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    start, *_ = answered(nothing, within=0.0)

    assert start["status"] == 408
    assert (b"connection", b"close") in start["headers"]


def test_of_an_endless_body_no_more_is_read_than_the_limit() -> None:
    read = 0

    async def endless() -> Message:
        nonlocal read
        read += 65_536
        return {"type": "http.request", "body": b" " * 65_536, "more_body": True}

    start, *_ = answered(endless, within=60.0)

    assert start["status"] == 413
    assert read <= MAX_BODY + 65_536
