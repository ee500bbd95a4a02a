"""Texts to unit vectors, by a sentence encoder."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kbot.search.onnx import OnnxModel
from kbot.text import terms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MAX_TOKENS = 256  # what all-MiniLM-L6-v2 was trained to read


class Encoder(Protocol):
    """Anything that turns texts into unit vectors of one length."""

    @property
    def dimension(self) -> int:
        """Numbers in one vector."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit vector a text, shape (len(texts), dimension); an inner product is a cosine."""


class OnnxEncoder:
    """The exported encoder: int8 ONNX with pooling and normalisation inside."""

    def __init__(self, model: Path, tokenizer: Path, *, dimension: int, threads: int) -> None:
        self.dimension = dimension
        self._model = OnnxModel(model, tokenizer, max_tokens=MAX_TOKENS, threads=threads)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        rows = [self._model.run(text)[0] for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self.dimension), dtype=np.float32)


class HashEncoder:
    """A deterministic encoder for tests: stems hashed into a fixed number of places. Knows words, no meanings."""

    def __init__(self, dimension: int = 256) -> None:
        self.dimension = dimension

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.encode`. A text without words maps to the first axis, so that every vector has length 1."""
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for at, text in enumerate(texts):
            row = rows[at]  # a view: what is added here is added to the result
            for term in terms(text):
                digest = hashlib.sha256(term.encode()).digest()
                row[int.from_bytes(digest[:4]) % self.dimension] += 1.0 if digest[4] & 1 else -1.0
            norm = float(np.linalg.norm(row))
            rows[at, 0] += 0.0 if norm else 1.0
            rows[at] /= norm or 1.0
        return rows
