"""`kbot backup` and `kbot restore`: parse, call, print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from kbot.settings import Settings


def add_backup_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],  # the only name that argparse has for it
    settings_flags: Callable[..., None],
) -> None:
    """Add both commands to the command line."""
    backup = commands.add_parser("backup", help="save journal and builds in one file; kbot may run meanwhile")
    backup.add_argument("file", type=Path, help="a new file, as kbot-2026-01-31.zip")
    backup.add_argument("--without-journal", action="store_true", help="save the builds only")
    backup.set_defaults(run=run_backup)
    settings_flags(backup, "index", "journal")

    restore = commands.add_parser("restore", help="put back what a backup holds; stop kbot first")
    restore.add_argument("file", type=Path, help="what `kbot backup` wrote")
    restore.add_argument("--without-journal", action="store_true", help="restore the builds only")
    restore.add_argument("--replace-journal", action="store_true", help="even where the journal has entries")
    restore.set_defaults(run=run_restore)
    settings_flags(restore, "index", "journal", "encoder", "reranker", "threads")


def run_backup(options: argparse.Namespace, settings: Settings) -> int:
    """Write a backup."""
    from kbot.backup.backup import back_up
    from kbot.journal.database import locate

    saved = back_up(settings, options.file, journal=not options.without_journal)
    print(f"{options.file} ({saved.size:,} bytes) holds {_named(saved.builds)}{_journal(journal=saved.journal)}")
    url = locate(settings.journal)
    if not options.without_journal and url is not None and url.get_backend_name() != "sqlite":
        print(
            "kbot: the journal is in PostgreSQL and not in the backup: pg_dump saves it, pg_restore puts it back",
            file=sys.stderr,
        )
    return 0


def run_restore(options: argparse.Namespace, settings: Settings) -> int:
    """Restore a backup."""
    from kbot.backup.backup import restore

    restored = restore(
        settings,
        options.file,
        journal=not options.without_journal,
        replace_journal=options.replace_journal,
    )
    what = f"{_named(restored.builds)}{_journal(journal=restored.journal)}"
    print(f"Restored {what}. Build {restored.builds[0]} is served now.")
    return 0


def _named(builds: tuple[str, ...]) -> str:
    return f"{len(builds)} build{'s' if len(builds) != 1 else ''} ({', '.join(builds)})"


def _journal(*, journal: bool) -> str:
    return " and the journal" if journal else ""
