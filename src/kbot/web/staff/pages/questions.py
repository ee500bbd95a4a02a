"""The filter over the journal's questions: from what the page or an address says to what the journal is asked."""

from __future__ import annotations

import dataclasses
import datetime
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from kbot.coverage.usage import MARGIN
from kbot.journal.find import EntryFilter, Judged
from kbot.records import Outcome, Reason
from kbot.web.staff.pages.period import period_query
from kbot.web.staff.pages.wording import CHANNELS, OUTCOMES, REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kbot.coverage.period import Period

ANY = ""
_MOST_DIGITS = 12  # of an id
MOST_IDS = 500  # entries that an address may name: it has a limit of length
LONGEST_TEXT = 200  # characters of the words to look for


class View(StrEnum):
    """What staff most often want to see."""

    ALL = "all"
    UNANSWERED = "unanswered"
    BARELY = "barely"
    UNHELPFUL = "unhelpful"


VIEWS = MappingProxyType(
    {
        View.ALL: "Everything",
        View.UNANSWERED: "Not answered, open",
        View.BARELY: "Answered, but barely, open",
        View.UNHELPFUL: "Marked as not helpful, open",
    }
)
JUDGED = MappingProxyType(
    {Judged.HELPFUL: "Helpful", Judged.UNHELPFUL: "Not helpful", Judged.NOT_AT_ALL: "No feedback"}
)
_HANDLED = MappingProxyType({"yes": True, "no": False})
_KEPT = (Outcome.ANSWER, Outcome.CLINICIAN, Outcome.GREETING)  # the others are only counted
OUTCOME_CHOICES = [("Any", ANY), *((OUTCOMES[outcome], outcome.value) for outcome in _KEPT)]
REASON_CHOICES = [("Any", ANY), *((name, reason.value) for reason, name in REASONS.items())]
CHANNEL_CHOICES = [("Any", ANY), *((name, channel) for channel, name in CHANNELS.items())]
JUDGED_CHOICES = [("Any", ANY), *((name, judged.value) for judged, name in JUDGED.items())]
HANDLED_CHOICES = [("Any", ANY), ("Handled", "yes"), ("Not handled", "no")]


@dataclass(frozen=True, slots=True)
class QuestionFilter:
    """What is chosen in the filter; what can't be read chooses nothing."""

    view: View = View.ALL
    outcome: Outcome | None = None
    reason: Reason | None = None
    channel: str | None = None
    judged: Judged | None = None
    handled: bool | None = None
    text: str = ""
    entries: tuple[int, ...] = ()  # ids: only these
    shown: str = ""  # a passage or a document: only answers that showed it

    @classmethod
    def read(cls, chosen: Mapping[str, object]) -> QuestionFilter:
        """Read what the page or the query of an address says, by the names of the fields."""
        said = {name: str(chosen.get(name) or "") for name in NAMES}
        return cls(
            view=View(said["view"]) if said["view"] in set(View) else View.ALL,
            outcome=Outcome(said["outcome"]) if said["outcome"] in set(Outcome) else None,
            reason=Reason(said["reason"]) if said["reason"] in set(Reason) else None,
            channel=said["channel"] if said["channel"] in CHANNELS else None,
            judged=Judged(said["judged"]) if said["judged"] in set(Judged) else None,
            handled=_HANDLED.get(said["handled"]),
            text=said["text"][:LONGEST_TEXT].strip(),
            entries=_ids(said["entries"]),
            shown=said["shown"][:LONGEST_TEXT].strip(),
        )

    def wanted(self, period: Period, threshold: float) -> EntryFilter | None:
        """Return what to ask the journal for; None where nothing can be all of what is chosen."""
        outcome, reason, judged, handled = self.outcome, self.reason, self.judged, self.handled
        confidence = None
        if self.view is not View.ALL:
            of_view = Outcome.CLINICIAN if self.view is View.UNANSWERED else Outcome.ANSWER
            if outcome not in {None, of_view} or handled is True:
                return None
            outcome, handled = of_view, False
        match self.view:
            case View.UNANSWERED:
                if reason not in {None, Reason.NOT_COVERED}:
                    return None
                reason = Reason.NOT_COVERED
            case View.BARELY:
                confidence = (threshold, threshold + MARGIN)
            case View.UNHELPFUL:
                if judged not in {None, Judged.UNHELPFUL}:
                    return None
                judged = Judged.UNHELPFUL
            case _:
                pass
        return EntryFilter(
            since=period.start,
            until=period.end,
            outcome=outcome,
            reason=reason,
            channel=self.channel,
            judged=judged,
            handled=handled,
            confidence=confidence,
            ids=self.entries,
            shown=self.shown,
            text=self.text,
        )

    def query(self, period: Period) -> str:
        """Return the filter as the query of an address, that `read` reads back."""
        return period_query(period, **dict(zip(CONTROLS, self.controls, strict=True)), **self.only)

    @property
    def controls(self) -> list[str]:
        """What the controls of the page show, in the order of `CONTROLS`."""
        handled = {None: ANY, True: "yes", False: "no"}[self.handled]
        chosen = (self.outcome, self.reason, self.channel, self.judged)
        return [self.view.value, *(str(each or ANY) for each in chosen), handled, self.text]

    @property
    def only(self) -> dict[str, str]:
        """What of the filter has no control of its own on the page, as `read` reads it."""
        only = {"entries": ",".join(map(str, self.entries)), "shown": self.shown}
        return {name: value for name, value in only.items() if value}

    def described(self) -> str:
        """Return what is chosen, for the audit trail: never the words that were looked for."""
        handled = {None: None, True: "handled", False: "not handled"}[self.handled]
        words = "with words" if self.text else None
        chosen = f"{len(self.entries)} named entries" if self.entries else None
        shown = "that showed one passage or document" if self.shown else None
        parts = [chosen, shown, self.view.value, self.outcome, self.reason, self.channel, self.judged, handled, words]
        return ", ".join(str(part) for part in parts if part)


CONTROLS = ("view", "outcome", "reason", "channel", "judged", "handled", "text")
NAMES = (*CONTROLS, "entries", "shown")


def _ids(text: str) -> tuple[int, ...]:
    found = [part for part in text.split(",") if part.isdecimal() and part.isascii() and len(part) <= _MOST_DIGITS]
    return tuple(map(int, found[:MOST_IDS]))


def until_now(wanted: EntryFilter) -> EntryFilter:
    """Return the filter without what will still be written: pages then follow each other without repeats."""
    now = datetime.datetime.now(tz=datetime.UTC)
    return dataclasses.replace(wanted, until=min(wanted.until, now))
