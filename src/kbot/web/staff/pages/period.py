"""The filter by time that the everyday tabs share: the last days, or from one day to another (UTC)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import gradio as gr

from kbot.coverage.period import Period, choose_period
from kbot.errors import InputError
from kbot.web.staff.pages.wiring import QUIETLY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Who changes a filter again before it is answered gets what was chosen last.
SHOWS: dict[str, Any] = QUIETLY | {"trigger_mode": "always_last"}
DATES = "dates"
USUAL = "30"
CHOICES = [("Last 7 days", "7"), ("Last 30 days", "30"), ("Last 90 days", "90"), ("From a day to another", DATES)]
_MOST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class PeriodFilter:
    """The components of one filter."""

    choice: gr.Radio
    dates: gr.Row
    since: gr.Textbox
    until: gr.Textbox
    show: gr.Button

    @property
    def values(self) -> list[Any]:
        """What `read_period` needs, in its order."""
        return [self.choice, self.since, self.until]

    @property
    def changes(self) -> list[Any]:
        """The events after which the period is another one."""
        return [self.choice.input, self.since.submit, self.until.submit, self.show.click]


@dataclass(frozen=True, slots=True)
class TimedTab:
    """A tab with a period, and the event that shows it anew."""

    period: PeriodFilter
    show: Callable[..., list[Any]]
    inputs: list[Any]
    outputs: list[Any]


def add_period_filter() -> PeriodFilter:
    """Put the filter where the page is being built."""
    choice = gr.Radio(CHOICES, value=USUAL, label="Period", elem_classes="ks-choice")
    with gr.Row(visible=False, elem_classes="ks-dates") as dates:
        since = gr.Textbox(label="First day", placeholder="2026-01-31", max_length=10, min_width=140, scale=0)
        until = gr.Textbox(label="Last day", placeholder="2026-02-28", max_length=10, min_width=140, scale=0)
        show = gr.Button("Show these days", scale=0, min_width=140)
    choice.input(lambda chosen: gr.update(visible=chosen == DATES), choice, dates, **QUIETLY)
    return PeriodFilter(choice, dates, since, until, show)


def keep_together(filters: Sequence[PeriodFilter]) -> None:
    """Make every filter show what was chosen in another one."""
    for changed in filters:
        others = [other for other in filters if other is not changed]

        def follow(choice: object, since: object, until: object, count: int = len(others)) -> list[Any]:
            return [choice, since, until, gr.update(visible=choice == DATES)] * count

        outputs = [part for other in others for part in (*other.values, other.dates)]
        gr.on(changed.changes, follow, changed.values, outputs, **SHOWS)


def read_period(choice: object, since: object, until: object) -> Period:
    """Return the period that a filter names. Without a first day it has the usual length.

    Raises:
        InputError: a day can't be read, or the days are in the wrong order.
    """
    today = datetime.datetime.now(tz=datetime.UTC).date()
    if choice != DATES:
        days = str(choice) if choice in {value for _, value in CHOICES} else USUAL
        return choose_period(today, days=int(days))
    last = _day("last", until) if str(until or "").strip() else today
    if not str(since or "").strip():
        return choose_period(today, until=last)
    first = _day("first", since)
    if first > last:
        raise InputError(f"the first day, {first}, comes after the last one, {last}: exchange them")
    if (last - first).days >= _MOST_DAYS:
        raise InputError(f"there are more than {_MOST_DAYS} days between them: give a later first day")
    return choose_period(today, since=first, until=last)


def _day(which: str, text: object) -> datetime.date:
    written = str(text or "").strip()
    try:
        return datetime.date.fromisoformat(written)
    except ValueError:
        raise InputError(f'the {which} day is "{written}": write it as 2026-01-31') from None


def period_query(period: Period, **more: str) -> str:
    """Return a period as the query of an address, with what else is asked for."""
    named = {"since": period.since.isoformat(), "until": period.until.isoformat()}
    return urlencode(named | {name: value for name, value in more.items() if value})
