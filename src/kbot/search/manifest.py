"""The manifest of an index: which build is served, made from what, and the hash of every file.

index/manifest.json                 read first, replaced last
index/builds/<build>/...            one build, never changed once the manifest names it
index/builds/<build>/manifest.json  its own manifest, for the day on which staff go back to it
index/models/<sha256>/...           models, shared by the builds that use them
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

from kbot.errors import IndexDamagedError, IndexMismatchError, IndexMissingError, IndexUnusableError
from kbot.search.models import file_sha256

FORMAT = 2
NAME = "manifest.json"
_LONGEST = 10_000_000  # bytes of a manifest
_SEAL = "seal"  # of a manifest's file: the sha256 over its other entries. Those of kbot 0.1.0 have none


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `manifest.json` says."""

    build: str  # 16 hex digits over the corpus, the models and the recipe
    directory: str  # of the build, below index/builds
    corpus_hash: str
    encoder: str  # name
    encoder_fingerprint: str
    reranker: str
    reranker_fingerprint: str
    dimension: int
    counts: dict[str, int]
    files: dict[str, str]  # path relative to the index folder -> sha256
    made_at: str  # ISO 8601, UTC
    format: int = FORMAT
    before: str = ""  # directory of the build that was served until this one came; empty where there was none

    def folder(self, index: Path) -> Path:
        """Return the folder of this build."""
        return index / "builds" / self.directory

    def model(self, index: Path, name: str) -> Path:
        """Return the folder of the model whose file `name` (as "encoder/model.onnx") the manifest lists."""
        role = name.split("/", 1)[0]
        for path in self.files:
            parts = Path(path).parts
            if parts[0] == "models" and parts[1].startswith(f"{role}-"):
                return index / parts[0] / parts[1]
        raise IndexDamagedError(f"{index / NAME} names no {role}: run `kbot build`")


def read_manifest(index: Path) -> Manifest:
    """Read the manifest of the build that is served.

    Raises:
        IndexMissingError: there is none.
        IndexDamagedError: it isn't what a build writes, or was altered since.
        IndexMismatchError: it is of another format.
    """
    return _read(index / NAME, index)


def read_kept(index: Path, directory: str) -> Manifest:
    """Read the manifest of a build that is kept in `index/builds/<directory>`, served or not.

    Raises: as `read_manifest`.
    """
    path = index / "builds" / directory / NAME
    manifest = _read(path, index)
    if manifest.directory != directory:
        raise IndexDamagedError(f"{path} is of another build, {manifest.directory}: delete that folder")
    return manifest


def kept_builds(index: Path) -> list[Manifest]:
    """Return the builds that are kept and whose manifest can be read, the newest first."""
    found = []
    for path in (index / "builds").glob(f"*/{NAME}"):
        try:
            found.append(read_kept(index, path.parent.name))
        except IndexUnusableError:
            continue  # what can't be read can't be gone back to
    return sorted(found, key=lambda manifest: (manifest.made_at, manifest.directory), reverse=True)


def stamp(index: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever another manifest takes its place, at the cost of one look; None without one."""
    try:
        status = (index / NAME).stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _read(path: Path, index: Path) -> Manifest:
    try:
        if path.stat().st_size > _LONGEST:
            raise IndexDamagedError(f"{path} is longer than a manifest: run `kbot build`")
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise IndexMissingError(f"there is no index in {path.parent}: run `kbot build`") from None
    except (OSError, ValueError, RecursionError) as error:
        raise IndexDamagedError(f"{path} can't be read ({error}): run `kbot build`") from error
    if not isinstance(data, dict):
        raise IndexDamagedError(f"{path} is not a manifest: run `kbot build`")
    if data.get("format") != FORMAT:
        raise IndexMismatchError(
            f"{index} has the format {data.get('format')!r}, this kbot reads {FORMAT}: run `kbot build`"
        )
    seal = data.pop(_SEAL, None)
    if seal is not None and seal != _sealed(data):
        raise IndexDamagedError(f"{path} was altered after the build: run `kbot build`")
    try:
        manifest = Manifest(**data)
    except TypeError as error:
        raise IndexDamagedError(f"{path} lacks an entry ({error}): run `kbot build`") from error
    if not _has_types(manifest):
        raise IndexDamagedError(f"{path} is not a manifest: run `kbot build`")
    if not _stays_inside(manifest):
        raise IndexDamagedError(f"{path} names files outside of the index: run `kbot build`")
    return manifest


def _has_types(manifest: Manifest) -> bool:
    """Return True where every entry is of its type, and every text one that can be printed and used as a path."""
    texts = [getattr(manifest, field.name) for field in fields(Manifest) if field.type == "str"]
    if not isinstance(manifest.files, dict) or not isinstance(manifest.counts, dict):
        return False
    texts += [*manifest.files, *manifest.files.values(), *manifest.counts]
    numbers = [manifest.dimension, manifest.format, *manifest.counts.values()]
    return all(isinstance(text, str) and (text.isprintable() or not text) for text in texts) and all(
        isinstance(number, int) for number in numbers
    )


def _stays_inside(manifest: Manifest) -> bool:
    """Return True where every path of a manifest lies below builds/ or models/."""
    names = [manifest.directory, *filter(None, [manifest.before])]
    if not all(isinstance(name, str) and PurePosixPath(name).parts == (name,) and name != ".." for name in names):
        return False
    paths = [PurePosixPath(name) for name in manifest.files]
    return all(path.parts[:1] in {("builds",), ("models",)} and ".." not in path.parts for path in paths)


def _sealed(data: dict[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def verify_files(index: Path, manifest: Manifest) -> None:
    """Hash every file that the manifest names.

    Raises:
        IndexDamagedError: naming the first file that is missing or altered.
    """
    for name, expected in manifest.files.items():
        path = index / name
        try:
            actual = file_sha256(path)
        except OSError as error:
            raise IndexDamagedError(f"{path} can't be read ({error.strerror}): run `kbot build`") from error
        if actual != expected:
            raise IndexDamagedError(f"{path} was altered or cut short after the build: run `kbot build`")


def write_manifest(index: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step, and only after its bytes are on the disk: from here on it is served."""
    _write(index / NAME, manifest)


def keep_manifest(index: Path, manifest: Manifest) -> None:
    """Write a build's manifest into its own folder, where `read_kept` finds it."""
    _write(manifest.folder(index) / NAME, manifest)


def _write(path: Path, manifest: Manifest) -> None:
    data = asdict(manifest)
    data[_SEAL] = _sealed(data)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".manifest-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1, ensure_ascii=False, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)  # mkstemp keeps it for its owner; the server may be somebody else
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, as far as the file system keeps such a promise."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.EROFS, errno.ENOTSUP}:
            raise
    finally:
        os.close(handle)
