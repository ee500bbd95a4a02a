"""The safety model without a build: it lies beside the builds, and may be sound where they are not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kbot.errors import KbotError
from kbot.search.danger import DangerModel
from kbot.search.models import file_sha256

if TYPE_CHECKING:
    from pathlib import Path

_HASHES = "sha256.json"  # of the folder's files, written with them


def spare_danger(index: Path, *, threads: int) -> DangerModel | None:
    """Return the newest safety model below `index/models` that is as it was written; None where there is none."""
    for folder in sorted((index / "models").glob("danger-*"), key=_age, reverse=True):
        try:
            hashes = json.loads((folder / _HASHES).read_text(encoding="utf-8"))
            if hashes and all(file_sha256(folder / name) == sha256 for name, sha256 in hashes.items()):
                return DangerModel.load(folder, threads=threads)
        except (OSError, ValueError, AttributeError, KbotError):
            continue
    return None


def _age(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0
