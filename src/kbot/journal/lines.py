"""A journal as JSON lines: what is handed from one machine to another, and what a demo is kept in.

The first line says what the file is; each line after it is one entry, or the count of one day's urgent messages:

    {"journal": 1, "made_up": true}
    {"entry": {"id": 1, "time": "2026-01-31T09:30:00+00:00", "channel": "web", "question": "...", ...}}
    {"urgent": {"day": "2026-01-31", "outcome": "crisis", "count": 1}}
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from typing import TYPE_CHECKING, Any

from kbot.errors import InputError
from kbot.journal.entries import JournalEntry, ShownScore, UrgentCount
from kbot.records import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

SUFFIX = ".jsonl"
_FORMAT = 1


@dataclasses.dataclass(frozen=True, slots=True)
class LinesJournal:
    """A journal that was read from JSON lines."""

    made_up: bool
    all_entries: tuple[JournalEntry, ...]  # oldest first
    all_urgent: tuple[UrgentCount, ...]  # oldest first

    def entries(self, since: datetime.datetime, until: datetime.datetime) -> Sequence[JournalEntry]:
        """See `ReadsJournal.entries`."""
        return [entry for entry in self.all_entries if since <= entry.time < until]

    def urgent(self, since: datetime.date, until: datetime.date) -> Sequence[UrgentCount]:
        """See `ReadsJournal.urgent`."""
        return [count for count in self.all_urgent if since <= count.day < until]


def write_lines(path: Path, entries: Iterable[JournalEntry], urgent: Iterable[UrgentCount], *, made_up: bool) -> None:
    """Write a journal into a new file that only its owner can read.

    Raises:
        InputError: the file is there already, or can't be written.
    """
    rows: list[dict[str, Any]] = [{"journal": _FORMAT, "made_up": made_up}]
    rows += [{"entry": {**dataclasses.asdict(entry), "time": entry.time.isoformat()}} for entry in entries]
    rows += [{"urgent": {**dataclasses.asdict(count), "day": count.day.isoformat()}} for count in urgent]
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    except FileExistsError:
        raise InputError(f"{path} is there already and is left as it is: give the name of a new file") from None
    except OSError as error:
        raise InputError(f"{path} can't be written ({error.strerror}): give a file in a folder of yours") from None


def read_lines(path: Path) -> LinesJournal:
    """Read a journal from JSON lines.

    Raises:
        InputError: the file can't be read or is no journal; names the line.
    """
    entries: list[JournalEntry] = []
    urgent: list[UrgentCount] = []
    number = 1
    try:
        with path.open(encoding="utf-8") as lines:
            head = json.loads(next(lines, "null"))
            if not isinstance(head, dict) or head.get("journal") != _FORMAT:
                raise InputError(f"{path} is not a journal of kbot: its first line doesn't say so")
            for line in lines:
                number += 1
                row = json.loads(line)
                if "entry" in row:
                    entries.append(_entry(row["entry"]))
                else:
                    urgent.append(_urgent(row["urgent"]))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} can't be read ({error}): give a journal of kbot") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}:{number}: not a line of a journal ({error!r}): take it out") from None
    entries.sort(key=lambda entry: (entry.time, entry.id))
    urgent.sort(key=lambda count: (count.day, count.outcome))
    return LinesJournal(bool(head.get("made_up")), tuple(entries), tuple(urgent))


def _entry(row: dict[str, Any]) -> JournalEntry:
    time = datetime.datetime.fromisoformat(row["time"])
    if time.tzinfo is None:
        raise ValueError("'time' says no time zone")
    return JournalEntry(
        **{
            **row,
            "time": time.astimezone(datetime.UTC),
            "outcome": Outcome(row["outcome"]),
            "reason": None if row["reason"] is None else Reason(row["reason"]),
            "missing": tuple(row["missing"]),
            "passages": tuple(ShownScore(**passage) for passage in row["passages"]),
        }
    )


def _urgent(row: dict[str, Any]) -> UrgentCount:
    return UrgentCount(datetime.date.fromisoformat(row["day"]), Outcome(row["outcome"]), int(row["count"]))
