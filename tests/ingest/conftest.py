"""A small corpus in a folder of its own, and a build of it that needs no PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kbot.search.encoder import HashEncoder
from kbot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from kbot.search.models import ModelFiles
    from kbot.service import Service

CLINIC = """[clinic]
name = "Harbour Clinic"

[contact]
phone = "(555) 010-0100"
phone_dial = "+15550100100"
"""
PAGE = """---
title: Massage
kind: clinic article
---

# Massage

A massage loosens the muscles of the back. It takes half an hour.

## Prices

A massage costs forty dollars.

## Before you come

Eat lightly. Bring:

- a towel
- a bottle of water
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A sound corpus of one document, without a question bank."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "massage.md").write_text(PAGE, encoding="utf-8")
    (folder / "clinic.toml").write_text(CLINIC, encoding="utf-8")
    return folder


class RecordingEncoder:
    """Takes the place of the encoder in PyTorch: knows words only, and keeps what it was given."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._encoder = HashEncoder(384)

    def __call__(self, _files: ModelFiles) -> RecordingEncoder:
        return self

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += texts
        return self._encoder.encode(texts)


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> RecordingEncoder:
    """The encoder that builds of this test use for passages."""
    recording = RecordingEncoder()
    monkeypatch.setattr("kbot.search.export.SentenceTransformerEncoder", recording)
    return recording


@pytest.fixture
def settings(tmp_path: Path, corpus: Path, encoder: RecordingEncoder, service: Service) -> Settings:
    """The small corpus, and an empty index that has the exported models already."""
    del encoder
    models = service.settings.index / "models"
    (tmp_path / "index" / "models").mkdir(parents=True)
    for folder in models.iterdir():
        (tmp_path / "index" / "models" / folder.name).symlink_to(folder, target_is_directory=True)
    return Settings(corpus=corpus, index=tmp_path / "index")
