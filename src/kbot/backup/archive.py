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
_MOST_LIST = 1_000_000  # bytes of the ZIP file's own list at its end: some 8,000 files
_SPARE = 100_000_000  # bytes that stay free on the disk: whatever else runs there goes on
_MOST_BUILDS = 1_000
_PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # as a backup is written
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
        _check_end(source)
        with zipfile.ZipFile(source) as archive:
            contents = _contents(archive, source)
            _check_names(archive, contents, source)
            _check_room(contents, folder, source)
            for name, entry in contents.files.items():
                _extract(archive, name, entry, folder, source)
    except _UNREADABLE as error:
        raise BackupError(f"{source} can't be restored: {error}") from None
    return contents


def _check_end(source: Path) -> None:
    """Look at how long the list of files says that it is: zipfile reads all of it, and takes ten times the memory."""
    record, larger, locator = 22, 56, 20  # bytes: the last record, and before it what files beyond 4 GB add
    with source.open("rb") as file:
        file.seek(max(0, source.stat().st_size - record - locator - larger))
        end = file.read().rjust(record + locator + larger, b"\0")
    if end[-record:][:4] != b"PK\x05\x06" or end[-2:] != b"\0\0":  # kbot writes no comment behind it
        raise BackupError(f"{source} is no backup of kbot, or its end is missing")
    listed = int.from_bytes(end[-10:-6], "little")
    if end[:4] == b"PK\x06\x06":
        listed = max(listed, int.from_bytes(end[40:48], "little"))
    if listed > _MOST_LIST:
        raise BackupError(f"{source} lists more files than a backup has")


def _check_room(contents: Contents, folder: Path, source: Path) -> None:
    total = sum(entry.size for entry in contents.files.values())
    if total + _SPARE > shutil.disk_usage(folder).free:
        raise BackupError(
            f"{source} unpacks to {total:,} bytes, more than {folder} has room for ({_SPARE:,} are kept free)"
        )


def _contents(archive: zipfile.ZipFile, source: Path) -> Contents:
    try:
        info = archive.getinfo(CONTENTS)
    except KeyError:
        raise BackupError(f"{source} is no backup of kbot: it has no {CONTENTS}") from None
    if info.file_size > _MOST_CONTENTS:
        raise BackupError(f"{source}: its {CONTENTS} is larger than {_MOST_CONTENTS:,} bytes")
    _check_packing(info, source)
    with archive.open(info) as file:
        data: Any = json.loads(file.read(_MOST_CONTENTS + 1))
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BackupError(f"{source} is no backup that this kbot reads (format {FORMAT}): restore it with its own")
    try:
        files = {str(name): _entry(*value) for name, value in data["files"].items()}
        return Contents(str(data["made_at"]), str(data["kbot"]), _builds(data["builds"]), files)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BackupError(f"{source}: its {CONTENTS} lacks an entry ({error!r})") from None


def _entry(size: object, sha256: object) -> Entry:
    if not isinstance(size, int) or size < 0 or not isinstance(sha256, str):
        raise TypeError("a file is listed as [size in bytes, sha256]")
    return Entry(size, sha256)


def _builds(names: object) -> tuple[str, ...]:
    """Return the names of builds, each once and each a folder's: the manifests of these folders are read."""
    if not isinstance(names, list) or len(names) > _MOST_BUILDS or not all(isinstance(name, str) for name in names):
        raise TypeError("builds are a list of names")
    if len(set(names)) < len(names):
        raise ValueError("a build is named twice")
    for name in names:
        if not name.isprintable() or PurePosixPath(name).parts != (name,) or name == "..":
            raise ValueError(f"{name[:50]!r} is no name of a build")
    return tuple(names)


def _check_packing(info: zipfile.ZipInfo, source: Path) -> None:
    if info.compress_type not in _PACKED:
        raise BackupError(f"{source}: {info.filename!r} is packed as no backup is")


def _check_names(archive: zipfile.ZipFile, contents: Contents, source: Path) -> None:
    names = [info.filename for info in archive.infolist()]
    if sorted(names) != sorted([CONTENTS, *contents.files]):
        raise BackupError(f"{source} does not hold just what its {CONTENTS} lists")
    for info in archive.infolist():
        path = PurePosixPath(info.filename)
        sound = info.filename in {CONTENTS, JOURNAL} or (path.parts[:1] == (INDEX,) and len(path.parts) > 2)
        if (
            not sound
            or not info.filename.isprintable()
            or path.is_absolute()
            or ".." in path.parts
            or "\\" in info.filename
            or str(path) != info.filename
        ):
            raise BackupError(f"{source} holds {info.filename!r}, which is nothing of a backup")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise BackupError(f"{source}: {info.filename!r} is a link, which is nothing of a backup")
        _check_packing(info, source)
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
