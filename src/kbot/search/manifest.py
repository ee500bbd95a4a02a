"""The manifest of an index: which build is served, made from what, and the hash of every file.

index/manifest.json                 read first, replaced last
index/builds/<build>/...            one build, never changed once the manifest names it
index/models/<sha256>/...           models, shared by the builds that use them
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kbot.errors import IndexDamagedError, IndexMismatchError, IndexMissingError
from kbot.search.models import file_sha256

FORMAT = 2
NAME = "manifest.json"


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
    """Read the manifest.

    Raises:
        IndexMissingError: there is none.
        IndexDamagedError: it isn't what a build writes.
        IndexMismatchError: it is of another format.
    """
    path = index / NAME
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise IndexMissingError(f"there is no index in {index}: run `kbot build`") from None
    except (OSError, ValueError) as error:
        raise IndexDamagedError(f"{path} can't be read ({error}): run `kbot build`") from error
    if not isinstance(data, dict):
        raise IndexDamagedError(f"{path} is not a manifest: run `kbot build`")
    if data.get("format") != FORMAT:
        raise IndexMismatchError(
            f"{index} has the format {data.get('format')!r}, this kbot reads {FORMAT}: run `kbot build`"
        )
    try:
        manifest = Manifest(**data)
    except TypeError as error:
        raise IndexDamagedError(f"{path} lacks an entry ({error}): run `kbot build`") from error
    if not all(isinstance(part, dict) for part in (manifest.files, manifest.counts)):
        raise IndexDamagedError(f"{path} is not a manifest: run `kbot build`")
    return manifest


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
    """Replace the manifest in one step, and only after its bytes are on the disk."""
    handle, temporary = tempfile.mkstemp(dir=index, prefix=".manifest-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(manifest), file, indent=1, ensure_ascii=False, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(index / NAME)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
