"""The audit trail: who signed in, exported and published. JSON lines, one file a month, only ever appended to.

It holds no passwords and nothing that visitors typed, and of a failed sign-in only a name that has an account: people
type passwords where a name belongs. A month's file is deleted whole when it is older than a year.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.accounts.folder import locked, unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SIGNED_IN = "signed in"
SIGNED_OUT = "signed out"
FAILED = "sign-in failed"
LOCKED = "locked for a while"
NOBODY = "-"  # in place of a name that has no account
_KEPT_MONTHS = 12
# A flood of failures must not fill the disk: past this size of a month's file only what succeeded is written.
_FULL = 20_000_000  # bytes
_LONGEST = 500  # characters of a detail
_FILE = re.compile(r"trail-(\d{4})-(\d{2})\.jsonl")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the trail."""

    time: str  # ISO 8601, UTC
    who: str
    event: str
    detail: str


class Trail:
    """The trail of one installation."""

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now

    def record(self, who: str, event: str, detail: str = "") -> None:
        """Append one line: the time, the name, the event and what more is to say of it.

        Raises:
            AccountsError: it can't be written: then what it tells of must not happen either.
        """
        moment = datetime.datetime.fromtimestamp(self._now(), datetime.UTC)
        path = self._folder / f"trail-{moment:%Y-%m}.jsonl"
        fields = {
            "time": moment.isoformat(timespec="seconds"),
            "who": who,
            "event": event,
            "detail": detail[:_LONGEST],
        }
        line = json.dumps(fields) + "\n"  # ASCII: nothing in it moves the cursor of a terminal
        with locked(self._folder):
            try:
                if not path.exists():
                    self._forget(moment)
                descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    _append(descriptor, line.encode("ascii"), droppable=event in {FAILED, LOCKED})
                finally:
                    os.close(descriptor)
            except OSError as error:
                raise unusable(path, error) from None

    def lines(self) -> Iterator[Line]:
        """Return the lines, the oldest first. One that a crash cut short is left out.

        Raises:
            AccountsError: a file can't be read.
        """
        for path in sorted(self._folder.glob("trail-*.jsonl")):
            try:
                with path.open(encoding="utf-8", errors="replace") as rows:
                    for row in rows:
                        if (line := _parsed(row)) is not None:
                            yield line
            except OSError as error:
                raise unusable(path, error) from None

    def _forget(self, moment: datetime.datetime) -> None:
        for path in self._folder.glob("trail-*.jsonl"):
            if found := _FILE.fullmatch(path.name):
                age = (moment.year - int(found[1])) * 12 + moment.month - int(found[2])
                if age > _KEPT_MONTHS:
                    path.unlink()


def _append(descriptor: int, line: bytes, *, droppable: bool) -> None:
    size = os.fstat(descriptor).st_size
    if droppable and size > _FULL:
        return
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        line = b"\n" + line  # a crash left half a line
    if os.write(descriptor, line) != len(line):
        os.ftruncate(descriptor, size)
        raise OSError(28, "no space left")
    os.fsync(descriptor)


def _parsed(row: str) -> Line | None:
    try:
        data = json.loads(row)
        return Line(str(data["time"]), str(data["who"]), str(data["event"]), str(data["detail"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
