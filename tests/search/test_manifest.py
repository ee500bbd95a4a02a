from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

from kbot.errors import IndexDamagedError, IndexMismatchError, IndexMissingError
from kbot.search.manifest import FORMAT, Manifest, read_manifest, verify_files, write_manifest

if TYPE_CHECKING:
    from pathlib import Path

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # sha256 of no bytes
MANIFEST = Manifest(
    build="0123456789abcdef",
    directory="0123456789abcdef",
    corpus_hash="c",
    encoder="an-encoder",
    encoder_fingerprint="e",
    reranker="a-reranker",
    reranker_fingerprint="r",
    dimension=384,
    counts={"passages": 2},
    files={"builds/0123456789abcdef/one.json": EMPTY, "models/encoder-1/model.onnx": EMPTY},
    made_at="2026-01-31T12:00:00+00:00",
)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    for name in MANIFEST.files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    write_manifest(tmp_path, MANIFEST)
    return tmp_path


def test_a_manifest_is_read_as_it_was_written(index: Path) -> None:
    assert read_manifest(index) == MANIFEST
    assert sorted(path.name for path in index.iterdir()) == ["builds", "manifest.json", "models"]


def test_writing_replaces_the_one_before(index: Path) -> None:
    write_manifest(index, replace(MANIFEST, build="another"))
    assert read_manifest(index).build == "another"


def test_a_build_and_its_models_are_found_below_the_index(index: Path) -> None:
    assert MANIFEST.folder(index) == index / "builds" / "0123456789abcdef"
    assert MANIFEST.model(index, "encoder") == index / "models" / "encoder-1"
    with pytest.raises(IndexDamagedError, match=r"names no reranker: run `kbot build`"):
        MANIFEST.model(index, "reranker")


def test_no_manifest_means_no_index(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match=r"there is no index in .*: run `kbot build`"):
        read_manifest(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"text"', "\x00"])
def test_a_file_that_is_no_manifest_is_damaged(index: Path, text: str) -> None:
    (index / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(IndexDamagedError, match=r"manifest\.json .*run `kbot build`"):
        read_manifest(index)


@pytest.mark.parametrize("change", [{"files": []}, {"counts": None}, {"more": 1}])
def test_a_manifest_with_other_entries_is_damaged(index: Path, change: dict[str, Any]) -> None:
    (index / "manifest.json").write_text(json.dumps(asdict(MANIFEST) | change), encoding="utf-8")
    with pytest.raises(IndexDamagedError, match="run `kbot build`"):
        read_manifest(index)


def test_a_manifest_that_lacks_an_entry_is_damaged(index: Path) -> None:
    data = asdict(MANIFEST)
    del data["dimension"]
    (index / "manifest.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(IndexDamagedError, match=r"lacks an entry .*dimension"):
        read_manifest(index)


@pytest.mark.parametrize("found", [FORMAT + 1, 0, None, "1"])
def test_another_format_is_a_mismatch_that_says_what_to_run(index: Path, found: object) -> None:
    data = asdict(MANIFEST) | {"format": found, "added later": True}
    (index / "manifest.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(IndexMismatchError, match=rf"this kbot reads {FORMAT}: run `kbot build`"):
        read_manifest(index)


def test_files_are_what_their_hashes_say(index: Path) -> None:
    verify_files(index, MANIFEST)
    (index / "models/encoder-1/model.onnx").write_bytes(b"x")
    with pytest.raises(IndexDamagedError, match=r"model\.onnx was altered or cut short"):
        verify_files(index, MANIFEST)
    (index / "models/encoder-1/model.onnx").unlink()
    with pytest.raises(IndexDamagedError, match=r"model\.onnx can't be read \(No such file or directory\)"):
        verify_files(index, MANIFEST)
