"""`kbot publish` and `kbot rollback`: parse, call, print."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from kbot.settings import Settings


def add_publishing_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],  # the only name that argparse has for it
    settings_flags: Callable[..., None],
) -> None:
    """Add both commands to the command line."""
    publish = commands.add_parser(
        "publish", help="check a corpus against what is served, and serve it where safety and quality allow"
    )
    publish.add_argument("new_corpus", type=Path, metavar="NEW_CORPUS", help="the folder with the new corpus")
    publish.add_argument("--dry-run", action="store_true", help="only say what would change")
    publish.add_argument("--json", action="store_true", help="print the report as JSON")
    publish.add_argument(
        "--golden", type=Path, metavar="FILE", help="golden questions; default: golden.jsonl of the new corpus"
    )
    publish.add_argument(
        "--force", action="store_true", help="publish though quality falls below its floors; never overrides safety"
    )
    publish.add_argument(
        "--leave-corpus", action="store_true", help="don't make KBOT_CORPUS what is published; you do it yourself"
    )
    publish.set_defaults(run=run_publish)
    settings_flags(publish, "corpus", "index", "encoder", "reranker", "threads", "rerank", "max_question")

    rollback = commands.add_parser("rollback", help="serve the build before again, or the one after it")
    where = rollback.add_mutually_exclusive_group()
    where.add_argument("--forward", action="store_true", help="serve the build after the one that is served")
    where.add_argument("--to", metavar="BUILD", help="serve this build")
    where.add_argument("--list", action="store_true", help="list the builds that are kept")
    rollback.add_argument("--json", action="store_true", help="print as JSON")
    rollback.set_defaults(run=run_rollback)
    settings_flags(rollback, "corpus", "index", "encoder", "reranker", "threads")


def run_publish(options: argparse.Namespace, settings: Settings) -> int:
    """Publish, or say why not. Exit code 1 where the review refuses."""
    from kbot.ingest.progress import Quiet
    from kbot.progress import TerminalProgress
    from kbot.publishing.publish import Wish, publish
    from kbot.publishing.report import as_json, render

    wish = Wish(options.new_corpus, options.golden, options.dry_run, options.force, options.leave_corpus)
    with TerminalProgress() if sys.stderr.isatty() else Quiet() as progress:
        published = publish(settings, wish, progress)
    for warning in published.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if options.json:
        print(json.dumps(as_json(published), ensure_ascii=False, indent=1))
    else:
        print(render(published, dry_run=options.dry_run, force=options.force))
    return 1 if published.refused else 0


def run_rollback(options: argparse.Namespace, settings: Settings) -> int:
    """Go back or forward, or list what is kept."""
    from dataclasses import asdict

    from kbot.publishing.rollback import builds, rollback

    if options.list:
        rows = [
            {
                "build": m.build,
                "directory": m.directory,
                "made_at": m.made_at,
                "before": m.before,
                "served": is_served,
            }
            for m, is_served in builds(settings)
        ]
        lines = [f"{'*' if row['served'] else ' '} {row['directory']}  {row['made_at']}" for row in rows]
        print(json.dumps(rows, indent=1) if options.json else "\n".join(lines))
        return 0
    done = rollback(settings, forward=options.forward, to=options.to)
    if options.json:
        print(json.dumps(asdict(done), ensure_ascii=False, indent=1))
    else:
        print(f"Build {done.build} is served now, in place of {done.left}. {done.corpus}.")
    return 0
