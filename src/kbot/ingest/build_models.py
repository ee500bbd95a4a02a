"""The models of a build: exported or copied into the index once, and found there from then on."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from kbot.search.danger import NETWORK, TOKENIZER, WORDING_FILES
from kbot.search.danger_build import danger_id
from kbot.search.encoder import MAX_TOKENS, OnnxEncoder
from kbot.search.export_apart import DANGER, ENCODER, ExportApart
from kbot.search.model_folder import is_sound, make_folder
from kbot.search.onnx import TokenCounter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from kbot.ingest.progress import Progress
    from kbot.search.export import SentenceTransformerEncoder
    from kbot.search.models import ModelFiles

_TURN = 16  # texts that a worker takes at once


class BuildModels:
    """The encoder, the reranker and the safety model of a build: made in the index once, and then found there.

    What is missing is exported beside the build, and waited for where it is needed. To be closed at the end.
    """

    def __init__(self, index: Path, encoder: ModelFiles, reranker: ModelFiles, progress: Progress) -> None:
        from kbot.search import export

        self.encoder, self.reranker = encoder, reranker
        recipe = hashlib.sha256((encoder.fingerprint() + export.RECIPE).encode()).hexdigest()[:16]
        self.encoder_folder = index / "models" / f"{ENCODER}{recipe}"
        self.reranker_folder = index / "models" / f"reranker-{reranker.fingerprint()[:16]}"
        self.danger_folder = index / "models" / f"{DANGER}{danger_id()}"
        pooling = json.loads((encoder.folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
        self.dimension = int(pooling["word_embedding_dimension"])
        self._progress = progress
        self._tokens = TokenCounter(encoder.folder / "tokenizer.json", max_tokens=MAX_TOKENS)
        self._original: export.SentenceTransformerEncoder | None = None
        if not is_sound(self.reranker_folder):
            progress.step("Copying the reranker")
            reranker.verify()
            make_folder(self.reranker_folder, lambda folder: _copy(reranker, folder))
        self._missing = [folder for folder in (self.encoder_folder, self.danger_folder) if not is_sound(folder)]
        self._export = ExportApart(encoder, self._missing)

    def close(self) -> None:
        """End the export, where it still goes on."""
        self._export.close()

    def finish_encoder(self) -> None:
        """Wait until the served encoder is in its folder.

        Raises:
            ModelError: it can't be exported.
        """
        self._wait(self.encoder_folder, "Exporting the encoder to ONNX")

    def finish(self) -> None:
        """Wait until every model of this build is in its folder.

        Raises:
            ModelError: one of them can't be exported.
        """
        self.finish_encoder()
        self._wait(self.danger_folder, "Exporting the safety model")

    def _wait(self, folder: Path, step: str) -> None:
        if self._export.is_going_on(folder):
            self._progress.step(step)
            self._export.wait(folder)

    def files(self) -> list[Path]:
        """Return every model file that a build needs when it is served."""
        return [
            *(self.encoder_folder / name for name in ("model.onnx", "tokenizer.json")),
            *(self.reranker_folder / name for name in self.reranker.files),
            *(self.danger_folder / name for name in (NETWORK, TOKENIZER, *WORDING_FILES)),
        ]

    @property
    def original(self) -> SentenceTransformerEncoder:
        """The encoder in PyTorch, loaded when something is to be encoded: it takes seconds."""
        from kbot.search.export import SentenceTransformerEncoder

        if self._original is None:
            self._original = SentenceTransformerEncoder(self.encoder)
        return self._original

    def count_tokens(self, text: str) -> int:
        """Return how many tokens of the encoder a text has."""
        return self._tokens.count(text)

    def encode_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode passages through sentence-transformers, in full precision."""
        from kbot.search.export import use_threads

        original = self.original
        if self._missing:
            use_threads((os.cpu_count() or 1) - self._export.is_running())
        return original.encode(texts)

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode phrasings as a visitor's question is encoded when it is asked: by the served encoder."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        served = self._served  # one for all: its weights then fit into the cache that the cores share
        waiting = iter(range(0, len(texts), _TURN))  # each worker takes the next turn, so that none waits for another

        def work(_worker: int) -> None:
            for start in waiting:
                vectors[start : start + _TURN] = served.encode(texts[start : start + _TURN])

        workers = min(8, os.cpu_count() or 1)
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, range(workers)))
        return vectors

    @functools.cached_property
    def _served(self) -> OnnxEncoder:
        self.finish_encoder()
        model, tokenizer = (self.encoder_folder / name for name in ("model.onnx", "tokenizer.json"))
        return OnnxEncoder(model, tokenizer, dimension=self.dimension, threads=1)

    def check(self, texts: Sequence[str]) -> float | None:
        """Compare the served encoder with the original, where it was exported just now."""
        if self.encoder_folder not in self._missing:
            return None
        self.finish_encoder()
        return self.original.check_parity(self.encoder_folder, texts)


def _copy(model: ModelFiles, folder: Path) -> None:
    for name in model.files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(model.folder / name, target)
