"""An index that is deleted, cut short or altered anywhere: refused with the file named, or harmless."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest

from kbot.errors import IndexDamagedError, IndexMissingError, IndexUnusableError
from kbot.opening import open_for_visitors
from kbot.search import manifest as manifests
from kbot.search.index import open_index
from kbot.search.manifest import read_manifest, verify_files
from kbot.search.models import file_sha256
from kbot.service import Service

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import SmallClinic

    from kbot.settings import Settings

FLIPS = 1000
_SEED = 20261123


@pytest.fixture
def built(small_clinic: SmallClinic) -> Settings:
    """An index of its own, models and all."""
    small_clinic.build(40)
    settings = small_clinic.settings
    for link in (settings.index / "models").iterdir():
        target = link.resolve()
        link.unlink()
        shutil.copytree(target, link)
    return settings


@pytest.fixture
def hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash a large file again only when it has changed: a thousand times 60 MB would take minutes."""
    known: dict[tuple[Path, int, int], str] = {}

    def sha256(path: Path) -> str:
        status = path.stat()
        key = path, status.st_mtime_ns, status.st_size
        if key not in known:
            known[key] = file_sha256(path)
        return known[key]

    monkeypatch.setattr(manifests, "file_sha256", sha256)


@pytest.mark.usefixtures("hashed_once")
def test_a_thousand_flipped_bits_are_refused_with_the_file_named_or_change_nothing(built: Settings) -> None:
    dice = random.Random(_SEED)  # noqa: S311  places to damage, not secrets
    whole = read_manifest(built.index)
    verify_files(built.index, whole)
    names = ["manifest.json", *whole.files]
    harmless = refused = 0
    for flip in range(FLIPS):
        name = names[flip % len(names)]
        path = built.index / name
        at, bit = dice.randrange(path.stat().st_size), 1 << dice.randrange(8)
        with path.open("r+b") as file:
            file.seek(at)
            (byte,) = file.read(1)
            file.seek(at)
            file.write(bytes([byte ^ bit]))
        said, read = "", None
        try:
            read = read_manifest(built.index)
            verify_files(built.index, read)
        except IndexUnusableError as error:
            said = str(error)
        if said:
            refused += 1
            assert str(path) in said or (name == "manifest.json" and str(built.index) in said)
        else:
            # What was flipped says the same, as a space between two entries that became another blank.
            harmless += 1
            assert (name, read) == ("manifest.json", whole)
        with path.open("r+b") as file:
            file.seek(at)
            file.write(bytes([byte]))
    verify_files(built.index, read_manifest(built.index))
    assert refused + harmless == FLIPS
    assert refused > 0.9 * FLIPS


@pytest.mark.usefixtures("hashed_once")
def test_every_file_that_is_missing_cut_short_or_empty_is_named(built: Settings) -> None:
    for name in read_manifest(built.index).files:
        path, data = built.index / name, (built.index / name).read_bytes()
        for damage in (data[:-1], data[: len(data) // 2], b"", None):
            if damage is None:
                path.unlink()
            else:
                path.write_bytes(damage)
            with pytest.raises(IndexDamagedError) as refused:
                open_index(built)
            assert str(path) in str(refused.value)
        path.write_bytes(data)


def test_a_model_file_that_was_replaced_is_refused_before_it_is_opened(built: Settings) -> None:
    (model,) = (built.index / "models").glob("encoder-*/model.onnx")
    model.write_bytes(b"another model")
    with pytest.raises(IndexDamagedError, match=r"encoder-.*model\.onnx was altered"):
        Service.open(built)
    trouble = open_for_visitors(built).trouble
    assert trouble is not None
    assert "model.onnx was altered" in trouble


def test_a_deleted_index_is_missing_and_a_deleted_build_is_damaged(built: Settings) -> None:
    shutil.rmtree(built.index / "builds")
    with pytest.raises(IndexDamagedError, match="can't be read"):
        open_index(built)
    shutil.rmtree(built.index)
    with pytest.raises(IndexMissingError, match="run `kbot build`"):
        open_index(built)


@pytest.mark.parametrize("name", ["../../etc", "..", "/etc", "a/b", ""])
def test_a_manifest_that_leads_out_of_the_index_is_refused(built: Settings, name: str) -> None:
    import dataclasses

    from kbot.search.manifest import write_manifest

    write_manifest(built.index, dataclasses.replace(read_manifest(built.index), directory=name))
    with pytest.raises(IndexDamagedError, match="names files outside of the index"):
        read_manifest(built.index)
