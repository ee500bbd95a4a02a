"""Exports models in a process of its own, beside a build. One core does it, and a build has use for the other.

The process is given the encoder as JSON and the folders to make, in order. It prints the name of each that is there.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.search.danger_build import make_danger
from kbot.search.model_folder import is_sound, make_folder
from kbot.search.models import ModelFiles

if TYPE_CHECKING:
    from collections.abc import Sequence

# glibc gives the memory of every large array back at once and asks for it anew, which an export does all the time.
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 31)}
ENCODER, DANGER = "encoder-", "danger-"  # how the names of the folders begin


class ExportApart:
    """The process, seen from the build. To be closed, so that it never outlives the build."""

    def __init__(self, encoder: ModelFiles, folders: Sequence[Path]) -> None:
        self._encoder = encoder
        self._waited_for = list(folders)
        about = json.dumps(asdict(encoder) | {"folder": str(encoder.folder)})
        command = [sys.executable, "-m", "kbot.search.export_apart", about, *(str(folder) for folder in folders)]
        self._process: subprocess.Popen[str] | None = None
        if folders:
            self._process = subprocess.Popen(  # noqa: S603  our own module
                command, env=os.environ | _KEEP_MEMORY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )

    def close(self) -> None:
        """End the process, where it still runs."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def is_running(self) -> bool:
        """Return True while the process keeps a core busy."""
        return self._process is not None and self._process.poll() is None

    def is_going_on(self, folder: Path) -> bool:
        """Return True where the build has to wait for this folder."""
        return folder in self._waited_for

    def wait(self, folder: Path) -> None:
        """Return when a folder is there; at once, where it was there before.

        Raises:
            ModelError: it can't be made.
        """
        while self._process is not None and self._process.stdout is not None and folder in self._waited_for:
            name = self._process.stdout.readline().strip()
            if not name:  # it ended: whatever the reason, the same is done here, in the open
                break
            self._waited_for = [each for each in self._waited_for if each.name != name]
        if folder in self._waited_for:
            _make(self._encoder, folder)
            self._waited_for.remove(folder)


def _make(encoder: ModelFiles, folder: Path) -> None:
    if not is_sound(folder):
        from kbot.search.onnx_export import export_encoder

        is_encoder = folder.name.startswith(ENCODER)
        make_folder(folder, (lambda staging: export_encoder(encoder, staging)) if is_encoder else make_danger)


def _main(about: str, *folders: str) -> None:
    fields = json.loads(about)
    encoder = ModelFiles(**fields | {"folder": Path(fields["folder"])})
    for folder in map(Path, folders):
        _make(encoder, folder)
        print(folder.name, flush=True)


if __name__ == "__main__":
    gc.disable()  # what imports make is never garbage, and looking through it again and again takes time
    _main(*sys.argv[1:])
