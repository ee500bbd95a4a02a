"""Asking the service without ever failing a visitor."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

from kbot.answering.replies import read_replies
from kbot.records import Asked, Fallback, Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.service import Service

UNAVAILABLE = "unavailable"  # the trigger of an answer that stands in for one that failed
_log = logging.getLogger("kbot.web")


def ask_safely(service: Service, turns: Sequence[str], *, channel: str) -> Asked:
    """Return the service's answer, or, where it fails, a hand-over with the phone number and 988.

    `channel` ("chat" or "rest") goes into the journal, where there is one.
    """
    try:
        return service.ask(turns, channel=channel)
    except Exception as error:  # noqa: BLE001  a visitor who asks for help gets a phone number, whatever broke
        report(error)
    return Asked(answer=unavailable(service, turns[-1] if turns else ""), build=service.build, elapsed_ms=0.0)


def unavailable(service: Service, question: str) -> Fallback:
    """Return the hand-over that stands in for an answer that failed."""
    replies = read_replies(service.clinic)
    return Fallback(
        question,
        Outcome.CLINICIAN,
        replies.text("unavailable"),
        (replies.clinic, replies.lifeline),
        reason=Reason.UNCLEAR,
        trigger=UNAVAILABLE,
    )


def report(error: Exception) -> None:
    """Log what failed as types and places in the code: a message could hold what a visitor typed."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    _log.error("a question could not be answered: %s at %s", type(error).__name__, places)
