"""The safety model without a build: it lies beside the builds, and may be sound where they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbot.errors import KbotError
from kbot.search.danger import DangerModel
from kbot.search.model_folder import is_sound

if TYPE_CHECKING:
    from pathlib import Path


def spare_danger(index: Path, *, threads: int) -> DangerModel | None:
    """Return the newest safety model below `index/models` that is as it was written; None where there is none."""
    for folder in sorted((index / "models").glob("danger-*"), key=_age, reverse=True):
        try:
            if is_sound(folder):
                return DangerModel.load(folder, threads=threads)
        except (OSError, KbotError):
            continue
    return None


def _age(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0
