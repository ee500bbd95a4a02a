"""Journal and builds to one file, and back."""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.backup.archive import INDEX, JOURNAL, Contents, Entry, unpack, write_archive
from kbot.errors import BackupError, IndexUnusableError, JournalError
from kbot.ingest.publish import locked
from kbot.journal.copies import check_journal, put_back, save_copy
from kbot.search.index import open_build
from kbot.search.manifest import (
    NAME,
    Manifest,
    keep_manifest,
    read_kept,
    read_manifest,
    sync_folder,
    verify_files,
    write_manifest,
)
from kbot.search.models import file_sha256

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kbot.settings import Settings


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved, or restored."""

    builds: tuple[str, ...]  # directories; the first is the one that is served
    journal: bool
    size: int = 0  # bytes of the backup


def back_up(settings: Settings, target: Path, *, journal: bool = True) -> Saved:
    """Write the builds that are kept, and a SQLite journal, into a new file that only its owner can read.

    kbot may run meanwhile.

    Raises:
        BackupError: the file is there already, or can't be written.
        IndexUnusableError: the build that is served is damaged: a backup of it would be worth nothing.
        JournalError: the journal can't be copied.
    """
    if target.exists():
        raise BackupError(f"{target} is there already and is left as it is: give the name of a new file")
    if not target.parent.is_dir():
        raise BackupError(f"{target.parent} is no folder: make it first")
    with locked(settings.index), _beside(target) as folder:
        builds = _sound_builds(settings.index)
        paths = {f"{INDEX}/{name}": settings.index / name for build in builds for name in build.files}
        for build in builds:
            name = f"builds/{build.directory}/{NAME}"
            if not (settings.index / name).is_file():  # a build of kbot 0.1.0
                keep_manifest(settings.index, build)
            paths[f"{INDEX}/{name}"] = settings.index / name
        has_journal = journal and save_copy(settings.journal, folder / JOURNAL)
        if has_journal:
            paths[JOURNAL] = folder / JOURNAL
        contents = Contents(
            made_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            kbot=version("kbot"),
            builds=tuple(build.directory for build in builds),
            files={name: Entry(path.stat().st_size, file_sha256(path)) for name, path in sorted(paths.items())},
        )
        written = folder / "backup"
        written.touch(mode=0o600)
        write_archive(written, contents, paths)
        with written.open("rb") as file:
            os.fsync(file.fileno())
        written.rename(target)
        sync_folder(target.parent)
    return Saved(contents.builds, has_journal, target.stat().st_size)


def restore(settings: Settings, source: Path, *, journal: bool = True, replace_journal: bool = False) -> Saved:
    """Put back what a backup holds. A build that is there and sound stays as it is; what is served is switched last.

    Everything is unpacked beside the index and checked before anything is changed. Stop kbot first where the journal
    is restored.

    Raises:
        BackupError: the file is no backup, is damaged or made to harm.
        IndexUnusableError: its build can't be opened by this kbot.
        JournalError: the journal that is there has entries, and `replace_journal` was not asked for.
    """
    if not source.is_file():
        raise BackupError(f"{source} is not there: give the file that `kbot backup` wrote")
    settings.index.mkdir(parents=True, exist_ok=True)
    with locked(settings.index), _beside(settings.index / NAME) as folder:
        contents = unpack(source, folder)
        unpacked = folder / INDEX
        if not contents.builds:
            raise BackupError(f"{source} holds no build")
        manifests = [read_kept(unpacked, directory) for directory in contents.builds]
        for manifest in manifests:
            verify_files(unpacked, manifest)
        with_journal = journal and contents.has_journal
        if with_journal:
            _check_journal(folder / JOURNAL, source)
        open_build(replace(settings, index=unpacked), manifests[0])
        if with_journal:  # first: where it is refused, nothing has changed
            put_back(folder / JOURNAL, settings.journal, replace=replace_journal)
        for manifest in manifests:
            _put(unpacked, settings.index, manifest)
        write_manifest(settings.index, manifests[0])
    return Saved(contents.builds, with_journal, source.stat().st_size)


def _check_journal(file: Path, source: Path) -> None:
    try:
        check_journal(file)
    except JournalError as error:
        raise BackupError(f"{source} can't be restored: {error}") from None


def _sound_builds(index: Path) -> list[Manifest]:
    """Return the served build and those before it that are as they were built; the served one must be."""
    served = read_manifest(index)
    verify_files(index, served)
    builds = [served]
    while builds[-1].before:
        try:
            before = read_kept(index, builds[-1].before)
            verify_files(index, before)
        except IndexUnusableError:
            break
        if before.directory in {build.directory for build in builds}:
            break
        builds.append(before)
    return builds


def _put(unpacked: Path, index: Path, manifest: Manifest) -> None:
    """Move a build and its models into an index. What stands in their place and is damaged makes way."""
    folders = {Path(*Path(name).parts[:2]) for name in manifest.files}
    for relative in sorted(folders):
        target = index / relative
        if target.exists() and not _same(index, relative, manifest):
            shutil.rmtree(target)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            (unpacked / relative).rename(target)
        elif not (target / NAME).is_file() and relative.parts[0] == "builds":
            keep_manifest(index, manifest)
    verify_files(index, manifest)


def _same(index: Path, relative: Path, manifest: Manifest) -> bool:
    names = [name for name in manifest.files if Path(*Path(name).parts[:2]) == relative]
    try:
        return all(file_sha256(index / name) == manifest.files[name] for name in names)
    except OSError:
        return False


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Yield a folder of its own beside a file, on the same disk; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=".backup-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
