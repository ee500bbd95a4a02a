"""The process beside a build that exports models: waited for, ended with the build, and done here where it fails."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest

from kbot.errors import ModelError
from kbot.search.export_apart import ExportApart
from kbot.search.model_folder import is_sound, make_folder
from kbot.search.models import find_model

if TYPE_CHECKING:
    from pathlib import Path

ENCODER = find_model("all-MiniLM-L6-v2", "encoder")


def test_nothing_to_export_starts_no_process_and_nobody_waits(tmp_path: Path) -> None:
    export = ExportApart(ENCODER, [])
    assert not export.is_going_on(tmp_path / "encoder-1")
    export.wait(tmp_path / "encoder-1")
    export.close()


def test_a_folder_is_whole_when_it_was_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "danger-1"
    export = ExportApart(ENCODER, [folder])
    assert export.is_going_on(folder)
    export.wait(folder)
    assert is_sound(folder)
    assert not export.is_going_on(folder)
    export.close()


def test_what_the_process_can_not_make_is_refused_here_with_the_reason(tmp_path: Path) -> None:
    other = replace(ENCODER, files=ENCODER.files | {"config.json": "0" * 64})
    folder = tmp_path / "encoder-1"
    export = ExportApart(other, [folder])
    with pytest.raises(ModelError, match=r"config\.json is not the file of all-MiniLM-L6-v2 that was reviewed"):
        export.wait(folder)
    export.close()
    assert list(tmp_path.iterdir()) == []


def test_a_build_that_fails_ends_the_export_at_once(tmp_path: Path) -> None:
    export = ExportApart(ENCODER, [tmp_path / "encoder-1"])
    (mine,) = (child for child in psutil.Process().children() if str(tmp_path) in " ".join(child.cmdline()))
    assert export.is_running()
    export.close()
    assert not mine.is_running()
    assert not export.is_running()
    export.close()


def test_a_folder_is_sound_until_a_byte_of_it_changes(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "one"

    def fill(staging: Path) -> None:
        (staging / "model.onnx").write_bytes(b"weights")

    make_folder(folder, fill)
    assert is_sound(folder)
    (folder / "model.onnx").write_bytes(b"Weights")
    assert not is_sound(folder)
    assert not is_sound(tmp_path / "models" / "two")
