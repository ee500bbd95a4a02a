"""The encoder, as sentence-transformers has it: it encodes the corpus at build time (its export: onnx_export.py)."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from kbot.errors import ModelError
from kbot.search.encoder import MAX_TOKENS, OnnxEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from kbot.search.models import ModelFiles

RECIPE = "onnx-opset17-int8-per-channel-v3"  # part of the build id: change it whenever an export would differ
# The least cosine allowed between the served int8 encoder and the original on texts of the corpus. Texts of this
# corpus lie at 0.98 and above, so a value below 0.96 means a broken export, not coarse quantisation.
PARITY = 0.96
_BATCH = 8  # texts: what a batch of 8 needs stays in a core's cache, so it is encoded faster than a larger one


class SentenceTransformerEncoder:
    """The original weights through sentence-transformers, in float32."""

    def __init__(self, files: ModelFiles) -> None:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
        files.verify()
        with _without_collection():
            from sentence_transformers import SentenceTransformer
            from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]  # the build has one of its own, on a terminal only
        self._model: Any = SentenceTransformer(str(files.folder), device="cpu", local_files_only=True)
        self._model.max_seq_length = MAX_TOKENS
        self.dimension = int(self._model.get_embedding_dimension())
        self._files = files

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = self._model.encode_document(
            inputs=list(texts),
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
            batch_size=_BATCH,
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def check_parity(self, folder: Path, texts: Sequence[str]) -> float:
        """Return the least cosine between the export in `folder` and the original over `texts`, [-1, 1].

        Raises:
            ModelError: it is below `PARITY`.
        """
        served = OnnxEncoder(folder / "model.onnx", folder / "tokenizer.json", dimension=self.dimension, threads=1)
        least = float((self.encode(texts) * served.encode(texts)).sum(axis=1).min())
        if least < PARITY:
            raise ModelError(
                f"the exported encoder differs from {self._files.name}: cosine {least:.3f}, wanted {PARITY}; "
                "check the versions of torch, onnx and onnxruntime against pyproject.toml"
            )
        return least


def use_threads(count: int) -> None:
    """Have PyTorch compute with so many threads, at least one. They wait for one another: none may be held up."""
    import torch

    torch.set_num_threads(max(1, count))


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """What imports make is never garbage, and looking through it again and again takes time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
