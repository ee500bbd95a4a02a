"""The words of the staff's everyday tabs: names of outcomes and reasons, numbers and times as people read them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from babel.dates import format_date

from kbot.records import Outcome, Reason

if TYPE_CHECKING:
    import datetime

    from kbot.evaluation import Rate

OUTCOMES = MappingProxyType(
    {
        Outcome.ANSWER: "Answered",
        Outcome.CLINICIAN: "To a clinician",
        Outcome.GREETING: "Greeting",
        Outcome.CRISIS: "Crisis",
        Outcome.EMERGENCY: "Emergency",
    }
)
REASONS = MappingProxyType(
    {
        Reason.NOT_COVERED: "Not covered",
        Reason.PERSONAL_ADVICE: "Personal advice",
        Reason.OFF_TOPIC: "Off topic",
        Reason.ASKED_FOR_A_PERSON: "Asked for a person",
        Reason.UNCLEAR: "Unclear",
    }
)
CHANNELS = MappingProxyType({"chat": "Chat", "rest": "REST", "cli": "Command line"})


def percent(share: float) -> str:
    """Return a share [0, 1] as a percentage with one decimal, in one piece. 0.5346 -> "53.5 %"."""
    return f"{100 * share:.1f}\u00a0%"


def interval(rate: Rate) -> str:
    """Return the 95 % interval of a rate. 8 of 10 -> "49.0 % to 94.3 %"."""
    low, high = rate.interval()
    return f"{percent(low)} to {percent(high)}"


def day_text(day: datetime.date) -> str:
    """Return a day in short. 2026-03-05 -> "Mar 5"."""
    return format_date(day, "MMM d", locale="en")


def moment(time: datetime.datetime) -> str:
    """Return a moment (UTC) to the minute. -> "Mar 5, 2026, 14:03 UTC"."""
    return f"{format_date(time.date(), 'MMM d, y', locale='en')}, {time:%H:%M} UTC"
