"""`kbot audit` and `kbot corpus fetch`: parse, audit, render."""

from __future__ import annotations

import datetime
import json
import sys
from typing import TYPE_CHECKING

from kbot.errors import InputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from kbot.audit.registers import Register
    from kbot.settings import Settings


def add_audit_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],  # the only name that argparse has for it
    settings_flags: Callable[..., None],
) -> None:
    """Add both commands to the command line."""
    audit = commands.add_parser("audit", help="check citations, figures, reviews and links of the corpus")
    audit.add_argument("--json", action="store_true", help="print the report as JSON")
    audit.add_argument("--online", action="store_true", help="ask PubMed, Crossref and the clinic's pages too")
    audit.set_defaults(run=run_audit)
    settings_flags(audit, "corpus", "review_days", "contact")

    corpus = commands.add_parser("corpus", help="look after the documents")
    tasks = corpus.add_subparsers(title="tasks", required=True, metavar="TASK")
    fetch = tasks.add_parser("fetch", help="replace our summary of a study by the real abstract")
    fetch.add_argument("id", help="the id of the study's document")
    fetch.add_argument("--yes", action="store_true", help="don't ask before replacing")
    fetch.set_defaults(run=run_fetch)
    settings_flags(fetch, "corpus", "contact")


def run_audit(options: argparse.Namespace, settings: Settings) -> int:
    """Print the audit. Findings are its result: the exit code is 0."""
    from kbot.audit.report import audit, with_online
    from kbot.audit.terminal import render_audit

    report = audit(settings, datetime.datetime.now(tz=datetime.UTC).date())
    if options.online:
        from kbot.audit.crossref import Crossref
        from kbot.audit.online import Registers, check_online
        from kbot.audit.pages import Pages
        from kbot.audit.pubmed import PubMed

        crossref = Crossref(settings.contact)
        ask = Registers([PubMed(settings.contact), crossref], crossref, Pages(settings.contact))
        report = with_online(report, check_online(report, ask))
        for problem in report.online.problems if report.online else ():
            print(f"warning: {problem}", file=sys.stderr)
    if options.json:
        print(json.dumps(report.as_dict(), ensure_ascii=False, indent=1))
    else:
        print(render_audit(report))
    return 0


def run_fetch(options: argparse.Namespace, settings: Settings) -> int:
    """Show our text and the abstract, ask, and replace."""
    from kbot.audit.crossref import Crossref
    from kbot.audit.fetch import plan_replacement, write_replacement
    from kbot.audit.pubmed import PubMed
    from kbot.audit.terminal import render_replacement

    registers: list[Register] = [PubMed(settings.contact), Crossref(settings.contact)]
    replacement = plan_replacement(settings.corpus, options.id, registers)
    print(render_replacement(replacement))
    if not options.yes and not _agreed():
        print("Nothing was changed.")
        return 0
    path = write_replacement(settings.corpus, replacement)
    print(
        f"Written to {path}. Read it over, set `reviewed_on`, then run `kbot build`: it names quotes that are gone."
    )
    if not replacement.document.searchable:
        print("It still says `search: false`: take that line out to let answers use it.")
    return 0


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise InputError("nobody is there to ask: say --yes to replace the text without asking")
    try:
        return input("\nReplace our text by this abstract? [y/N] ").strip().casefold() in {"y", "yes"}
    except EOFError:
        return False
