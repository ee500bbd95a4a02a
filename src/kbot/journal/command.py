"""`kbot redact` and `kbot journal`: parse, call, print."""

from __future__ import annotations

import contextlib
import datetime
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from kbot.errors import InputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from kbot.journal.redact import Redactor
    from kbot.settings import Settings

_LIMIT = 1_000_000  # bytes of one line of `kbot redact --jsonl`
_EVER = datetime.datetime.min.replace(tzinfo=datetime.UTC), datetime.datetime.max.replace(tzinfo=datetime.UTC)


def add_journal_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],  # the only name that argparse has for it
    settings_flags: Callable[..., None],
) -> None:
    """Add both commands to the command line."""
    redact = commands.add_parser("redact", help="replace personal details by their kind, as the journal does")
    redact.add_argument("text", nargs="?", help="the text")
    redact.add_argument("--jsonl", action="store_true", help='read {"id": ..., "text": ...} lines, print the same')
    redact.set_defaults(run=run_redact)
    settings_flags(redact, "corpus")

    journal = commands.add_parser("journal", help="look after the journal of questions")
    tasks = journal.add_subparsers(title="tasks", required=True, metavar="TASK")
    path = tasks.add_parser("path", help="say where the journal is")
    path.set_defaults(run=run_path)
    settings_flags(path, "journal")
    export = tasks.add_parser("export", help="write the journal into a new file: .csv for a spreadsheet, or .jsonl")
    export.add_argument("file", type=Path)
    export.add_argument("--since", type=_day, metavar="DAY", help="the first day, as 2026-01-31 (UTC)")
    export.add_argument("--until", type=_day, metavar="DAY", help="the day after the last")
    export.set_defaults(run=run_export)
    settings_flags(export, "journal")
    delete = tasks.add_parser("delete", help="delete one entry, what is older than a day, or everything")
    what = delete.add_mutually_exclusive_group(required=True)
    what.add_argument("--entry", type=int, metavar="ID", help="the entry with this id")
    what.add_argument("--before", type=_day, metavar="DAY", help="what is older than this day (UTC), counts included")
    what.add_argument("--all", action="store_true", help="everything, counts included")
    delete.set_defaults(run=run_delete)
    settings_flags(delete, "journal")
    purge = tasks.add_parser("purge", help="forget what is older than the retention allows")
    purge.set_defaults(run=run_purge)
    settings_flags(purge, "journal", "retention_days")


def _day(value: str) -> datetime.datetime:
    return datetime.datetime.combine(datetime.date.fromisoformat(value), datetime.time.min, datetime.UTC)


def run_redact(options: argparse.Namespace, settings: Settings) -> int:
    """Print one text, or many as JSON lines, without personal details."""
    from kbot.journal.redact import Redactor, read_own_texts

    if options.jsonl == (options.text is not None):
        print("kbot redact: give one text in quotes, or --jsonl and lines on standard input", file=sys.stderr)
        return 2
    redactor = Redactor(read_own_texts(settings.corpus))
    if options.jsonl:
        return redact_lines(redactor, sys.stdin.buffer, sys.stdout)
    print(redactor.redact(options.text))
    return 0


def redact_lines(redactor: Redactor, lines: BinaryIO, out: TextIO) -> int:
    """Redact JSON lines in order. A line that can't be read gets an object that says why; the rest goes on."""
    failed = False
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        try:
            data = _parse(raw, number)
            reply = {**data, "text": redactor.redact(str(data["text"]))}
        except InputError as error:
            failed = True
            print(f"kbot: {error}", file=sys.stderr)
            reply = {"id": None, "error": str(error)}
        # Half of a surrogate pair, as a broken client sends it, has no UTF-8.
        line = json.dumps(reply, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")
        out.write(f"{line}\n")
        out.flush()
    return 1 if failed else 0


def _parse(raw: bytes, number: int) -> dict[str, object]:
    if len(raw) > _LIMIT:
        raise InputError(f"line {number}: longer than {_LIMIT:,} bytes: send shorter texts")
    try:
        data = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError(f"line {number}: not UTF-8: save the lines with that encoding") from None
    except (ValueError, RecursionError):
        raise InputError(f"line {number}: not JSON: write one object a line") from None
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        raise InputError(f'line {number}: not {{"id": ..., "text": "..."}}: write one such object a line')
    return data


def run_path(options: argparse.Namespace, settings: Settings) -> int:
    """Print the place of the journal."""
    del options
    from kbot.journal.database import describe

    print(describe(settings.journal))
    return 0


def run_export(options: argparse.Namespace, settings: Settings) -> int:
    """Write the journal into a new file that only its owner can read."""
    from kbot.journal.export import write_csv, write_jsonl
    from kbot.journal.store import Journal

    file: Path = options.file
    if file.suffix not in {".csv", ".jsonl"}:
        raise InputError(f"{file} ends in neither .csv nor .jsonl: give one of these")
    since, until = options.since or _EVER[0], options.until or _EVER[1]
    with contextlib.closing(Journal.open(settings.journal)) as journal:
        entries = journal.entries(since, until)
        urgent = journal.urgent(since.date(), until.date())
    with _new_file(file) as out:
        if file.suffix == ".csv":
            out.write("\ufeff")  # tells a spreadsheet that the file is UTF-8
            write_csv(entries, out)
        else:
            write_jsonl(entries, urgent, out)
    print(f"{len(entries)} entries of {journal.where} are now in {file}")
    return 0


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[TextIO]:
    try:
        path.touch(mode=0o600, exist_ok=False)
        with path.open("w", encoding="utf-8", newline="") as out:
            yield out
    except FileExistsError:
        raise InputError(f"{path} is there already and is left as it is: give the name of a new file") from None
    except OSError as error:
        raise InputError(f"{path} can't be written ({error.strerror}): give a file in a folder of yours") from None


def run_delete(options: argparse.Namespace, settings: Settings) -> int:
    """Delete what was asked for."""
    from kbot.journal.store import Journal

    with contextlib.closing(Journal.open(settings.journal)) as journal:
        deleted = journal.delete(entry=options.entry, before=options.before)
    if options.entry is not None and not deleted:
        raise InputError(f"{journal.where} has no entry {options.entry}: `kbot journal export` lists them")
    print(f"{deleted} entries of {journal.where} are deleted")
    return 0


def run_purge(options: argparse.Namespace, settings: Settings) -> int:
    """Forget what is older than the retention allows."""
    del options
    from kbot.journal.store import Journal

    with contextlib.closing(Journal.open(settings.journal)) as journal:
        purged = journal.purge(settings.retention_days, datetime.datetime.now(datetime.UTC))
    print(f"{purged} entries of {journal.where} were older than {settings.retention_days} days and are deleted")
    return 0
