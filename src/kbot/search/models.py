"""Model files: found in installed packages or folders, and opened only when their hash is the expected one."""

from __future__ import annotations

import hashlib
import importlib.util
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal, cast

from kbot.errors import ModelError

Role = Literal["encoder", "reranker"]


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model on this machine: its folder, and the sha256 of each file that decides what it computes."""

    name: str
    role: Role
    folder: Path
    files: dict[str, str]
    origin: str
    licence: str

    def fingerprint(self) -> str:
        """Return one sha256 over all files of the model: two models are the same when these are equal."""
        digest = hashlib.sha256()
        for name, sha256 in sorted(self.files.items()):
            digest.update(f"{name}\0{sha256}\0".encode())
        return digest.hexdigest()

    def verify(self) -> None:
        """Hash every file.

        Raises:
            ModelError: a file is missing, or is not the one that the table names.
        """
        for name, expected in self.files.items():
            path = self.folder / name
            if not path.is_file():
                raise ModelError(f"{path} is missing: reinstall with `make setup`")
            actual = file_sha256(path)
            if actual != expected:
                raise ModelError(
                    f"{path} is not the file of {self.name} that was reviewed: sha256 {actual[:12]}… instead of "
                    f"{expected[:12]}…; reinstall the package with `make setup`"
                )


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def model_table() -> dict[str, dict[str, object]]:
    """Return the table of known models (`models.toml`)."""
    text = resources.files("kbot.search").joinpath("models.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def find_model(name: str, role: Role) -> ModelFiles:
    """Find a model by its name in the table, or by the path of a folder of one's own.

    A folder of one's own is trusted as it is: its hashes are taken from the files, and kept in the index.

    Raises:
        ModelError: the name is unknown, of another role, or its package isn't installed.
    """
    entry = model_table().get(name)
    if entry is None:
        return _own_folder(name, role)
    if entry["role"] != role:
        raise ModelError(
            f"{name} is a model of the role {entry['role']}, not {role}: set KBOT_{role.upper()} to another"
        )
    spec = importlib.util.find_spec(str(entry["package"]))
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"the package {entry['package']}, which carries {name}, is not installed: run `make setup`")
    folder = Path(next(iter(spec.submodule_search_locations))) / str(entry["folder"])
    files = cast("dict[str, str]", entry["files"])
    return ModelFiles(name, role, folder, files, str(entry["origin"]), str(entry["licence"]))


def _own_folder(name: str, role: Role) -> ModelFiles:
    folder = Path(name).expanduser()
    needed = "modules.json" if role == "encoder" else "model.onnx"
    if not (folder / needed).is_file():
        known = ", ".join(key for key, entry in model_table().items() if entry["role"] == role)
        raise ModelError(
            f"KBOT_{role.upper()} is {name!r}, which is neither a known model ({known}) nor a folder with {needed}"
        )
    suffixes = {".json", ".txt", ".safetensors", ".onnx", ".model"}
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in suffixes)
    files = {p.relative_to(folder).as_posix(): file_sha256(p) for p in paths}
    return ModelFiles(folder.name, role, folder, files, str(folder), "your own")
