"""The report as CSV files for a spreadsheet, one table a file, and all drafts as one YAML file."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from kbot.coverage.as_json import MADE_UP
from kbot.errors import InputError
from kbot.journal.export import safe_cell
from kbot.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kbot.coverage.report import CoverageReport
    from kbot.coverage.usage import QueuedAnswer

Cell = str | int | float
MADE_UP_PREFIX = "made-up-"
_BREAKS = str.maketrans(dict.fromkeys("\t\r\n\v\f\0\u2028\u2029", " "))


def csv_text(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Return a table as CSV: every text in quotes and none a formula, numbers as they are.

    Line breaks and tabs become spaces, since some programs begin a new cell there.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _cell(value: Cell) -> Cell:
    return safe_cell(value.translate(_BREAKS)) if isinstance(value, str) else value


def write_csv(report: CoverageReport, folder: Path) -> list[Path]:
    """Write every table and the drafts into a folder, over what stood there; names of demo data begin with made-up-.

    Raises:
        InputError: the folder can't be made or written.
    """
    prefix = MADE_UP_PREFIX if report.made_up else ""
    files = {f"{prefix}{name}.csv": csv_text(header, rows) for name, header, rows in tables(report)}
    files[f"{prefix}drafts.yaml"] = drafts(report)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            # Excel reads UTF-8 only behind a byte order mark.
            encoding = "utf-8-sig" if name.endswith(".csv") else "utf-8"
            (folder / name).write_text(text, encoding=encoding, newline="")
            written.append(folder / name)
    except OSError as error:
        raise InputError(f"{folder} can't be written ({error.strerror}): give a folder of yours") from None
    return written


def drafts(report: CoverageReport) -> str:
    """Return the drafts of all gaps as one file of the question bank."""
    head = f"# {MADE_UP}: nobody asked any of this\n" if report.made_up else ""
    return head + "\n".join(gap.draft for gap in report.gaps)


def tables(report: CoverageReport) -> Iterator[tuple[str, Sequence[str], list[Sequence[Cell]]]]:
    """Yield (name, header, rows) of every table."""
    activity = report.activity
    yield (
        "days",
        ["day", *(outcome.value for outcome in Outcome)],
        [[day.day.isoformat(), *day.outcomes.values()] for day in activity.days],
    )
    reasons = activity.reasons.items()
    yield "reasons", ["reason", "count", "share"], [[r.value, rate.hits, round(rate.value, 4)] for r, rate in reasons]
    yield (
        "top_questions",
        ["question", "count", "answered", "wordings"],
        [[top.question, top.count, top.answered, top.wordings] for top in report.top],
    )
    yield (
        "write_next",
        ["missing", "count", "second half", "first half", "in the bank as", "nearest passage", "examples"],
        [
            [
                g.concept,
                g.count,
                g.recent,
                g.before,
                g.topic or "",
                g.nearest.id if g.nearest else "",
                " | ".join(g.examples),
            ]
            for g in report.gaps
        ],
    )
    yield "near_misses", _QUEUE, [_queued(answer) for answer in report.near_misses]
    yield "unhelpful", _QUEUE, [_queued(answer) for answer in report.unhelpful]
    yield (
        "passages",
        ["passage", "document", "heading", "shown", "helpful", "unhelpful", "topics of the bank", "text"],
        [
            [
                *(use.id, use.document, " > ".join(use.heading), use.shown, use.liked.hits),
                *(use.liked.total - use.liked.hits, use.topics, use.text),
            ]
            for use in report.passages
        ],
    )
    if report.checklist is not None:
        yield (
            "checklist",
            ["topic", "about", "status", "sites", "phrasings", "failing", "missing"],
            [
                [c.topic, c.about, c.status.value, c.sites, c.phrasings, len(c.failing), c.missing]
                for c in report.checklist.topics
            ],
        )


_QUEUE = ("entry", "time", "question", "confidence", "passages", "feedback")


def _queued(answer: QueuedAnswer) -> Sequence[Cell]:
    time = answer.time.isoformat(timespec="seconds")
    shown = " ".join(answer.passages)
    return [answer.id, time, answer.question, round(answer.confidence, 4), shown, answer.feedback]
