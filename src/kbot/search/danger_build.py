"""Puts the safety model that stands beside the code into an index: the network exported, the rest copied."""

from __future__ import annotations

import hashlib
import shutil
from importlib import resources
from pathlib import Path

from kbot.errors import ModelError
from kbot.search.danger import BASE, LEARNT, WORDING_FILES
from kbot.search.models import file_sha256, find_model

FOLDER = Path(str(resources.files("kbot.search").joinpath("danger_model")))
_RECIPE = "danger-network-3"  # change it whenever the same weights would make another export


def danger_id() -> str:
    """Return 16 hex digits over everything that decides what the safety model computes.

    Raises:
        ModelError: a file of it is missing.
    """
    digest = hashlib.sha256(f"{_RECIPE}\0{find_model(BASE, 'encoder').fingerprint()}".encode())
    for name in (LEARNT, *WORDING_FILES):
        if not (FOLDER / name).is_file():
            raise ModelError(f"{FOLDER / name} is missing: install kbot again, or run `kbot train-safety`")
        digest.update(file_sha256(FOLDER / name).encode())
    return digest.hexdigest()[:16]


def make_danger(folder: Path) -> None:
    """Write the safety model into `folder`, as `DangerModel.load` reads it.

    Raises:
        ModelError: the encoder that it was trained from is missing or another one, or a file can't be read.
    """
    from kbot.search.danger_network import add_learnt, export_network, open_network

    base = find_model(BASE, "encoder")
    network = open_network(base)
    add_learnt(network, FOLDER / LEARNT)
    export_network(network, base, folder)
    for name in WORDING_FILES:
        shutil.copyfile(FOLDER / name, folder / name)
