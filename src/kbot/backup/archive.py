"""The form of a backup: a ZIP file with a table of contents that has the size and the sha256 of everything else."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from kbot.errors import BackupError
from kbot.search.models import file_sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
CONTENTS = "backup.json"
INDEX, JOURNAL = "index", "journal.db"
_MODELS = f"{INDEX}/models/"  # kept as they are: packing them takes seconds and saves little
_MOST_CONTENTS = 10_000_000  # bytes of the table of contents
_CHUNK = 1 << 20
# What a damaged or hostile ZIP file can raise while it is read.
_UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a backup."""

    size: int  # bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds."""

    made_at: str  # ISO 8601, UTC
    kbot: str  # version that made it
    builds: tuple[str, ...]  # directories of the builds; the first is the one that was served
    files: Mapping[str, Entry]  # "index/builds/...", "index/models/...", "journal.db"

    @property
    def has_journal(self) -> bool:
        """True where the journal is in it."""
        return JOURNAL in self.files


def write_archive(target: Path, contents: Contents, paths: Mapping[str, Path]) -> None:
    """Write a backup; `paths` says where the file of each name lies. A file that changed meanwhile fails it."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(CONTENTS, _as_json(contents))
        for name, path in paths.items():
            archive.write(path, name, zipfile.ZIP_STORED if name.startswith(_MODELS) else None)
            if file_sha256(path) != contents.files[name].sha256:
                raise BackupError(f"{path} changed while it was saved: try again")


def _as_json(contents: Contents) -> str:
    files = {name: [entry.size, entry.sha256] for name, entry in contents.files.items()}
    data = {"format": FORMAT, "made_at": contents.made_at, "kbot": contents.kbot, "builds": list(contents.builds)}
    return json.dumps(data | {"files": files}, indent=0)


def unpack(source: Path, folder: Path) -> Contents:
    """Unpack a backup into an empty folder, and see that every file is what the table of contents says.

    Nothing is written outside of the folder, no more than the table says, and never more than the disk has room for.

    Raises:
        BackupError: the file is no backup, damaged, or made to harm.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            contents = _contents(archive, source)
            _check_names(archive, contents, source)
            _check_room(contents, folder, source)
            for name, entry in contents.files.items():
                _extract(archive, name, entry, folder, source)
    except _UNREADABLE as error:
        raise BackupError(f"{source} can't be restored: {error}") from None
    return contents


def _check_room(contents: Contents, folder: Path, source: Path) -> None:
    total = sum(entry.size for entry in contents.files.values())
    if total > shutil.disk_usage(folder).free:
        raise BackupError(f"{source} unpacks to {total:,} bytes, more than {folder} has room for")


def _contents(archive: zipfile.ZipFile, source: Path) -> Contents:
    try:
        info = archive.getinfo(CONTENTS)
    except KeyError:
        raise BackupError(f"{source} is no backup of kbot: it has no {CONTENTS}") from None
    if info.file_size > _MOST_CONTENTS:
        raise BackupError(f"{source}: its {CONTENTS} is larger than {_MOST_CONTENTS:,} bytes")
    with archive.open(info) as file:
        data: Any = json.loads(file.read(_MOST_CONTENTS + 1))
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BackupError(f"{source} is no backup that this kbot reads (format {FORMAT}): restore it with its own")
    try:
        files = {str(name): Entry(int(size), str(sha256)) for name, (size, sha256) in data["files"].items()}
        return Contents(str(data["made_at"]), str(data["kbot"]), tuple(map(str, data["builds"])), files)
    except (KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{source}: its {CONTENTS} lacks an entry ({error!r})") from None


def _check_names(archive: zipfile.ZipFile, contents: Contents, source: Path) -> None:
    names = [info.filename for info in archive.infolist()]
    if sorted(names) != sorted([CONTENTS, *contents.files]):
        raise BackupError(f"{source} does not hold just what its {CONTENTS} lists")
    for info in archive.infolist():
        path = PurePosixPath(info.filename)
        sound = info.filename in {CONTENTS, JOURNAL} or (path.parts[0] == INDEX and len(path.parts) > 2)
        if (
            not sound
            or path.is_absolute()
            or ".." in path.parts
            or "\\" in info.filename
            or str(path) != info.filename
        ):
            raise BackupError(f"{source} holds {info.filename!r}, which is nothing of a backup")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise BackupError(f"{source}: {info.filename!r} is a link, which is nothing of a backup")
        if info.filename != CONTENTS and info.file_size != contents.files[info.filename].size:
            raise BackupError(f"{source}: {info.filename} is not of the size that {CONTENTS} lists")


def _extract(archive: zipfile.ZipFile, name: str, entry: Entry, folder: Path, source: Path) -> None:
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), entry.size
    with archive.open(name) as packed, target.open("xb") as out:
        while chunk := packed.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise BackupError(f"{source}: {name} is larger than it says")
            digest.update(chunk)
            out.write(chunk)
    if left or digest.hexdigest() != entry.sha256:
        raise BackupError(f"{source}: {name} is damaged")
