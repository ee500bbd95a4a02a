"""A folder of model files in an index, with their hashes: whole or not there, and known to be as it was written."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.search.models import file_sha256

if TYPE_CHECKING:
    from collections.abc import Callable

_HASHES = "sha256.json"


def is_sound(folder: Path) -> bool:
    """Return True where a folder holds what was put into it, to the byte."""
    try:
        hashes = json.loads((folder / _HASHES).read_text(encoding="utf-8"))
        return bool(hashes) and all(file_sha256(folder / name) == sha256 for name, sha256 in hashes.items())
    except (OSError, ValueError, AttributeError):
        return False


def make_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder under another name and rename it, so that a folder of this name is always complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    try:
        fill(staging)
        hashes = {p.relative_to(staging).as_posix(): file_sha256(p) for p in staging.rglob("*") if p.is_file()}
        (staging / _HASHES).write_text(json.dumps(hashes, indent=1), encoding="utf-8")
        staging.chmod(0o755)  # mkdtemp keeps it for its owner; the server may be somebody else
        shutil.rmtree(folder, ignore_errors=True)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
