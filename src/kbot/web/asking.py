"""Asking the service without ever failing a visitor, however many ask at once."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from kbot.answering.replies import read_replies
from kbot.records import Asked, Fallback, Outcome, Reason
from kbot.web.line import LineFullError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Scope

    from kbot.answering.replies import Replies
    from kbot.clinic import Clinic
    from kbot.service import Service
    from kbot.web.operation import Operation

# The triggers of hand-overs that stand in for an answer, and the status that a program gets with them.
UNAVAILABLE = "unavailable"  # answering failed
BUSY = "busy"  # more ask than can be answered
TOO_MANY = "too many"  # this address asks more than its share
STATUS = {UNAVAILABLE: 500, BUSY: 503, TOO_MANY: 429}
AT_ONCE = 2000  # characters in which danger is looked for while all others wait; it takes some milliseconds
BUSY_FOR = 5  # seconds after which who was refused should ask again: by then the line has emptied
_log = logging.getLogger("kbot.web")


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody who asked is given."""

    asked: Asked
    status: int = 200  # of HTTP, for programs: the chat shows every reply as a card
    retry_after: int | None = None  # seconds


class Asking:
    """The way of a question through the limit of its address, the memory and the line to the service of one build."""

    def __init__(self, service: Service, operation: Operation) -> None:
        self._service = service
        self._operation = operation

    async def ask(self, turns: Sequence[str], *, channel: str, scope: Scope) -> Reply:
        """Return the reply to the last turn: an answer, or people to turn to. People in danger are never refused."""
        start = time.perf_counter()
        metrics = self._operation.metrics
        if seconds := self._operation.rate.refuse_for(scope, turns):
            return await self._refuse(turns, channel, TOO_MANY, seconds)
        known = self._recall(turns, channel)
        if known is not None:
            metrics.answered(known, channel, time.perf_counter() - start, cached=True)
            return Reply(known)
        try:
            asked = await self._operation.line.run(
                lambda: ask_safely(self._service, turns, channel=channel), waited=metrics.waited
            )
        except LineFullError:
            return await self._refuse(turns, channel, BUSY, BUSY_FOR)
        failed = asked.answer.trigger == UNAVAILABLE
        self._operation.health.tell(failed=failed)
        if failed:
            metrics.refused(channel, "failed")
            return Reply(asked, STATUS[UNAVAILABLE])
        metrics.answered(asked, channel, time.perf_counter() - start, cached=False)
        return Reply(asked)

    def _recall(self, turns: Sequence[str], channel: str) -> Asked | None:
        try:
            return self._service.recall(turns, channel=channel)
        except Exception as error:  # noqa: BLE001  then it is answered anew
            report(error)
            return None

    async def _refuse(self, turns: Sequence[str], channel: str, why: str, seconds: int) -> Reply:
        try:
            urgent = await self._urgent(turns, channel)
        except Exception as error:  # noqa: BLE001  the refusal names 988 and 911, too
            report(error)
            urgent = None
        if urgent is not None:
            self._operation.metrics.answered(urgent, channel, urgent.elapsed_ms / 1000, cached=False)
            return Reply(urgent)
        self._operation.metrics.refused(channel, "rate" if why == TOO_MANY else why)
        answer = unavailable(self._service, turns[-1] if turns else "", why)
        return Reply(Asked(answer=answer, build=self._service.build, elapsed_ms=0.0), STATUS[why], seconds)

    async def _urgent(self, turns: Sequence[str], channel: str) -> Asked | None:
        def look() -> Asked | None:
            return self._service.urgent(turns, channel=channel)

        if sum(map(len, turns[-1:])) <= AT_ONCE:
            return look()
        return await asyncio.get_running_loop().run_in_executor(self._operation.aside, look)


def ask_safely(service: Service, turns: Sequence[str], *, channel: str) -> Asked:
    """Return the service's answer, or, where it fails, a hand-over with the phone number and 988.

    `channel` ("chat" or "rest") goes into the journal, where there is one.
    """
    try:
        return service.ask(turns, channel=channel)
    except Exception as error:  # noqa: BLE001  a visitor who asks for help gets a phone number, whatever broke
        report(error)
    return Asked(answer=unavailable(service, turns[-1] if turns else ""), build=service.build, elapsed_ms=0.0)


def unavailable(service: Service, question: str, why: str = UNAVAILABLE) -> Fallback:
    """Return the hand-over that stands in for an answer that can't be given now."""
    replies = _replies(service.clinic)
    return Fallback(
        question,
        Outcome.CLINICIAN,
        replies.text("unavailable"),
        (replies.clinic, replies.lifeline),
        reason=Reason.UNCLEAR,
        trigger=why,
    )


@lru_cache(maxsize=2)  # refusing must cost next to nothing
def _replies(clinic: Clinic) -> Replies:
    return read_replies(clinic)


def report(error: Exception) -> None:
    """Log what failed as types and places in the code: a message could hold what a visitor typed."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    _log.error("a question could not be answered: %s at %s", type(error).__name__, places)
