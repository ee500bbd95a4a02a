"""`kbot coverage` and `kbot demo-journal`: parse, read the journal, report, render."""

from __future__ import annotations

import contextlib
import datetime
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence

    from kbot.journal.store import Journal
    from kbot.settings import Settings

_T = TypeVar("_T")


def add_coverage_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],  # the only name that argparse has for it
    settings_flags: Callable[..., None],
) -> None:
    """Add both commands to the command line."""
    coverage = commands.add_parser(
        "coverage", help="report what was asked, what could be answered, and what to write next"
    )
    form = coverage.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the report as JSON")
    form.add_argument(
        "--csv", type=Path, metavar="FOLDER", help="write every table, and drafts for the question bank"
    )
    coverage.add_argument("--since", type=_day, metavar="DAY", help="the first day, as 2026-01-31 (UTC)")
    coverage.add_argument("--until", type=_day, metavar="DAY", help="the last day; default today")
    coverage.add_argument("--days", type=int, metavar="N", help="how many days; default 30")
    coverage.add_argument(
        "--checklist", action="store_true", help="add the bank's topics; without visitors they are shown anyhow"
    )
    coverage.set_defaults(run=run_coverage)
    settings_flags(coverage, "journal", "index", "encoder", "reranker", "threads", "rerank", "max_question")

    demo = commands.add_parser("demo-journal", help="make a journal of made-up questions, to see the reports full")
    demo.add_argument("path", type=Path, metavar="PATH", help="a new file; one that is there is left as it is")
    demo.add_argument("--seed", type=int, metavar="N", help="another seed draws other questions")
    demo.add_argument("--days", type=int, default=60, metavar="N", help="how many days up to --until, default 60")
    demo.add_argument("--until", type=_day, metavar="DAY", help="the last day, as 2026-01-31; default today")
    demo.set_defaults(run=run_demo)
    settings_flags(demo, "index", "encoder", "reranker", "threads", "rerank", "max_question")


def _day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def run_coverage(options: argparse.Namespace, settings: Settings) -> int:
    """Print the report, or write its tables. Gaps are its result: the exit code is 0."""
    from kbot.answering.bot import Bot
    from kbot.coverage.as_csv import write_csv
    from kbot.coverage.as_json import as_json
    from kbot.coverage.checklist import make_checklist
    from kbot.coverage.period import choose_period
    from kbot.coverage.report import make_report, with_checklist
    from kbot.coverage.terminal import render_report
    from kbot.journal.database import describe
    from kbot.search.index import open_index

    period = choose_period(_today(), since=options.since, until=options.until, days=options.days)
    index = open_index(settings)
    journal = open_existing(settings.journal)
    if journal is None:
        where = describe(settings.journal)
        print(f"kbot: there is no journal yet ({where}): this is the checklist of the bank", file=sys.stderr)
        report = make_report(None, index, period)
    else:
        with contextlib.closing(journal):
            report = make_report(journal, index, period)
    if report.empty or options.checklist or options.json or options.csv:
        bot = Bot(index, rerank=settings.rerank, max_question=settings.max_question)
        checklist = make_checklist(index, lambda question: bot.ask([question]), track=_tracked("asking the bank"))
        report = with_checklist(report, checklist)
    if options.csv:
        for path in write_csv(report, options.csv):
            print(path)
    elif options.json:
        print(json.dumps(as_json(report), ensure_ascii=False, indent=1))
    else:
        print(render_report(report))
    return 0


def run_demo(options: argparse.Namespace, settings: Settings) -> int:
    """Make a demo journal."""
    from kbot.answering.bot import Bot
    from kbot.coverage.demo import SEED, make_demo
    from kbot.errors import InputError
    from kbot.journal.store import Journal
    from kbot.search.index import open_index

    if options.path.exists():
        raise InputError(f"{options.path} is there already and is left as it is: give the name of a new file")
    if not 1 <= options.days <= 3660:
        raise InputError(f"--days is {options.days}: give a whole number from 1 to 3660")
    index = open_index(settings)
    bot = Bot(index, rerank=settings.rerank, max_question=settings.max_question)
    entries, urgent = make_demo(
        index,
        lambda question: bot.ask([question]),
        options.until or _today(),
        days=options.days,
        seed=SEED if options.seed is None else options.seed,
        track=_tracked("asking"),
    )
    with contextlib.closing(Journal.open(str(options.path))) as journal:
        journal.fill(entries, urgent)
    print(f"{options.path}: {len(entries)} made-up questions of {options.days} days. Nobody asked them.")
    print(f"See them with: kbot coverage --days {options.days} --journal {options.path}")
    return 0


def open_existing(named: str) -> Journal | None:
    """Open the journal that `KBOT_JOURNAL` names; None where it is off, or a file that isn't there yet.

    Raises:
        JournalError: it can't be read, or is no journal.
    """
    from kbot.journal.database import locate
    from kbot.journal.store import Journal

    url = locate(named)
    if url is None or (url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file()):
        return None
    return Journal.open(named)


def _today() -> datetime.date:
    return datetime.datetime.now(tz=datetime.UTC).date()


def _tracked(what: str) -> Callable[[Sequence[_T]], Iterable[_T]]:
    """Return what shows a bar on a terminal and stays quiet in a pipe."""
    if not sys.stderr.isatty():
        return iter
    from rich.console import Console
    from rich.progress import track

    return lambda items: track(items, what, console=Console(stderr=True), transient=True)
