"""The journal as a file: a table for a spreadsheet, in which no cell is a formula, or JSON lines."""

from __future__ import annotations

import csv
import dataclasses
import json
from typing import TYPE_CHECKING, TextIO

from kbot.text import is_invisible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kbot.journal.entries import JournalEntry, UrgentCount

COLUMNS = (
    "id", "time", "channel", "question", "outcome", "reason", "missing", "passages", "confidence", "build",
    "elapsed_ms", "helpful", "feedback", "handled",
)  # fmt: skip
# With these at its start, after blanks, a spreadsheet takes a cell for a formula. The wide forms work in some, too.
_FORMULA = frozenset("=+-@|%＝＋－＠")


def safe_cell(value: object) -> str:
    r"""Return a value as a cell that a spreadsheet shows as it is: a formula gets an apostrophe before it.

    Example: '=HYPERLINK("http://x")' -> "'=HYPERLINK(\"http://x\")"
    """
    text = "" if value is None else str(value)
    visible = next((c for c in text if c.isprintable() and c != " " and not is_invisible(c)), "")
    risky = visible in _FORMULA or text[:1] in {"\t", "\r", "\n"}
    return f"'{text}" if risky else text


def write_csv(entries: Iterable[JournalEntry], out: TextIO, *, heading: bool = True) -> int:
    """Write the entries, with a heading line unless they go on with a table; return how many there were."""
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    if heading:
        writer.writerow(COLUMNS)
    written = 0
    for entry in entries:
        writer.writerow([safe_cell(cell) for cell in _cells(entry)])
        written += 1
    return written


def _cells(entry: JournalEntry) -> tuple[object, ...]:
    helpful = {True: "yes", False: "no", None: ""}[entry.helpful]
    passages = " ".join(f"{passage.id}={passage.score:.4f}" for passage in entry.passages)
    return (
        entry.id,
        entry.time.isoformat(timespec="seconds"),
        entry.channel,
        entry.question,
        entry.outcome.value,
        entry.reason.value if entry.reason else None,
        "; ".join(entry.missing),
        passages,
        f"{entry.confidence:.4f}",
        entry.build,
        f"{entry.elapsed_ms:.2f}",
        helpful,
        entry.feedback,
        "yes" if entry.handled else "no",
    )


def write_jsonl(entries: Iterable[JournalEntry], urgent: Iterable[UrgentCount], out: TextIO) -> int:
    """Write one object a line: {"entry": {...}}, then {"urgent": {...}}; return how many entries there were."""
    written = 0
    for entry in entries:
        row = {**dataclasses.asdict(entry), "time": entry.time.isoformat()}
        out.write(json.dumps({"entry": row}, ensure_ascii=False) + "\n")
        written += 1
    days = ({**dataclasses.asdict(count), "day": count.day.isoformat()} for count in urgent)
    out.writelines(json.dumps({"urgent": day}) + "\n" for day in days)
    return written
