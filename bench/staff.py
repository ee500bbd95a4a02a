"""How long the staff page's parts take over a large made-up journal: `python -m bench.staff [ENTRIES]`."""

from __future__ import annotations

import dataclasses
import datetime
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from bench.machine import describe
from kbot.coverage.demo import make_demo
from kbot.coverage.period import choose_period
from kbot.journal.store import Journal
from kbot.service import Service
from kbot.settings import read_settings
from kbot.web.staff.pages.questions import QuestionFilter, View
from kbot.web.staff.pages.questions_shown import ON_PAGE
from kbot.web.staff.pages.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kbot.journal.entries import JournalEntry

ENTRIES = 100_000
_DAYS = 90
_ROUNDS = 5


def enlarge(entries: list[JournalEntry], count: int) -> Iterator[JournalEntry]:
    """Yield as many entries: those of a demo journal again and again, some wordings changed, over the same days."""
    random = np.random.default_rng(1)
    for at in range(count):
        entry = entries[at % len(entries)]
        # One question in ten is worded as nobody else words it.
        question = f"{entry.question} {at}" if random.random() < 0.1 else entry.question
        yield dataclasses.replace(entry, question=question, handled=False)


def main() -> None:
    """Print the figures as Markdown."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    today = datetime.datetime.now(tz=datetime.UTC).date()
    with tempfile.TemporaryDirectory() as folder:
        service = Service.open(dataclasses.replace(read_settings(), journal=str(Path(folder) / "journal.db")))
        entries, urgent = make_demo(service.index, lambda question: service.bot.ask([question]), today, days=_DAYS)
        journal = Journal.open(service.settings.journal)
        journal.fill(enlarge(entries, count), urgent)
        journal.close()
        print(f"Measured on {describe()}, {count:,} entries of {_DAYS} days\n")
        print("| what | seconds, median | least to most | of the processor | runs |\n|---|---|---|---|---|")
        _measure(service)


def _measure(service: Service) -> None:
    period = choose_period(datetime.datetime.now(tz=datetime.UTC).date(), days=_DAYS)
    reading = Reading(service)
    journal, threshold = reading.existing(), reading.threshold

    def page(chosen: QuestionFilter, number: int) -> None:
        wanted = chosen.wanted(period, threshold)
        if wanted is None:
            raise ValueError("the filter finds nothing")
        journal.count(wanted)
        journal.find(wanted, limit=ON_PAGE, offset=number * ON_PAGE)

    total = len(journal.entries(period.start, period.end))
    _row("a page of questions, the first", lambda: page(QuestionFilter(), 0))
    _row("a page of questions, the last", lambda: page(QuestionFilter(), total // ON_PAGE - 1))
    _row("a page of what was barely answered", lambda: page(QuestionFilter(View.BARELY), 0))
    _row("looking for words", lambda: page(QuestionFilter(text="pregnan"), 0))
    _row("whether something has changed", lambda: reading.key(journal, period))
    _row("the overview, worked out anew", lambda: Reading(service).overview(period))
    _row("what to write next, worked out anew", lambda: Reading(service).gaps(period), rounds=1)


def _row(what: str, work: Callable[[], object], *, rounds: int = _ROUNDS) -> None:
    times, used = [], []
    for _ in range(rounds):
        # On a busy machine the processor's seconds say more than the clock's.
        start, start_used = time.perf_counter(), time.process_time()
        work()
        times.append(time.perf_counter() - start)
        used.append(time.process_time() - start_used)
    spread = f"{min(times):.3f} to {max(times):.3f}"
    print(f"| {what} | {median(times):.3f} | {spread} | {median(used):.3f} | {rounds} |", flush=True)


if __name__ == "__main__":
    main()
