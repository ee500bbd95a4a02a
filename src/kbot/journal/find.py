"""Which entries of the journal somebody wants to see."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import func

from kbot.journal.schema import ENTRIES

if TYPE_CHECKING:
    import datetime

    from sqlalchemy import ColumnElement

    from kbot.records import Outcome, Reason


class Judged(StrEnum):
    """What visitors said of an answer."""

    HELPFUL = "helpful"
    UNHELPFUL = "unhelpful"
    NOT_AT_ALL = "not_at_all"


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Entries with since <= time < until (aware) that have all of what is named; None and "" name nothing."""

    since: datetime.datetime
    until: datetime.datetime
    outcome: Outcome | None = None
    reason: Reason | None = None
    channel: str | None = None
    judged: Judged | None = None
    handled: bool | None = None
    confidence: tuple[float, float] | None = None  # low <= confidence < high, [0, 1]
    ids: tuple[int, ...] = ()  # one of these
    shown: str = ""  # id of a passage that visitors were shown, or of a document: any passage of it
    text: str = ""  # part of the redacted question or of the feedback; capitals don't count (SQLite: in a-z)

    def conditions(self, since: str, until: str) -> list[ColumnElement[bool]]:
        """Return what an entry must fulfil; `since` and `until` are the times as the journal writes them."""
        columns = ENTRIES.c
        found: list[ColumnElement[bool]] = [columns.time >= since, columns.time < until]
        if self.outcome is not None:
            found.append(columns.outcome == self.outcome.value)
        if self.reason is not None:
            found.append(columns.reason == self.reason.value)
        if self.channel is not None:
            found.append(columns.channel == self.channel)
        if self.judged is not None:
            said = {Judged.HELPFUL: 1, Judged.UNHELPFUL: 0, Judged.NOT_AT_ALL: None}[self.judged]
            found.append(columns.helpful.is_(None) if said is None else columns.helpful == said)
        if self.handled is not None:
            found.append(columns.handled == int(self.handled))
        if self.confidence is not None:
            low, high = self.confidence
            found += [columns.confidence >= low, columns.confidence < high]
        if self.ids:
            found.append(columns.id.in_(self.ids))
        if self.shown:
            # The passages are kept as JSON: [["faq#length-1a2b3c", 0.9], ...]
            quoted = json.dumps(self.shown, ensure_ascii=False)
            start = f"[{quoted}, " if "#" in self.shown else f"[{quoted[:-1]}#"
            found.append(columns.passages.contains(start, autoescape=True))
        if wanted := self.text.replace("\x00", " ").strip().lower():
            named = [func.lower(column).contains(wanted, autoescape=True) for column in _TEXTS]
            found.append(named[0] | named[1])
        return found


_TEXTS = (ENTRIES.c.question, ENTRIES.c.feedback)
