"""The encoder, as sentence-transformers has it: it encodes the corpus at build time, and is exported to ONNX.

Only a build imports this module, and only it imports PyTorch.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kbot.errors import ModelError
from kbot.search.encoder import MAX_TOKENS, OnnxEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

    from kbot.search.models import ModelFiles

RECIPE = "onnx-opset17-int8-per-channel-v1"  # part of the build id: change it whenever an export would differ
# The least cosine allowed between the served int8 encoder and the original on texts of the corpus. Texts of this
# corpus lie at 0.98 and above, so a value below 0.96 means a broken export, not coarse quantisation.
PARITY = 0.96


class SentenceTransformerEncoder:
    """The original weights through sentence-transformers, in float32."""

    def __init__(self, files: ModelFiles) -> None:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
        files.verify()
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
            batch_size=64,
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def export(self, folder: Path) -> None:
        """Write `model.onnx` (pooling and normalisation inside, dynamic int8) and `tokenizer.json` into `folder`.

        Raises:
            ModelError: the exported encoder does not agree with the original (see `PARITY`).
        """
        import torch

        transformer, pooling = self._model[0], self._model[1]

        class Graph(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.transformer = transformer.auto_model if hasattr(transformer, "auto_model") else transformer.model

            def forward(
                self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
            ) -> torch.Tensor:
                states = self.transformer(
                    input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
                ).last_hidden_state
                mask = attention_mask.unsqueeze(-1).to(states.dtype)
                mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
                return torch.nn.functional.normalize(mean, dim=-1)

        if getattr(pooling, "pooling_mode", "mean") not in ("mean", ["mean"], ("mean",)):
            raise ModelError(f"{self._files.name} does not pool by the mean, which is all the export knows")
        folder.mkdir(parents=True, exist_ok=True)
        write_onnx(Graph(), folder / "model.onnx", output="vector")
        shutil.copyfile(self._files.folder / "tokenizer.json", folder / "tokenizer.json")

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


def write_onnx(graph: torch.nn.Module, target: Path, *, output: str) -> None:
    """Write a graph over tokens (ids, mask, types) as ONNX with dynamic int8 weights.

    Args:
        graph: takes the three as int64, shape (batch, tokens) each.
        target: the file.
        output: the name of what it returns.
    """
    import torch

    inputs = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {0: "batch", 1: "tokens"}
    example = torch.ones((1, 8), dtype=torch.int64)
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        full = Path(scratch) / "fp32.onnx"
        torch.onnx.export(
            graph.eval(), (example, example, torch.zeros_like(example)), str(full),
            input_names=inputs, output_names=[output],
            dynamic_axes=dict.fromkeys(inputs, axes) | {output: {0: "batch"}},
            opset_version=17, dynamo=False,
        )  # fmt: skip
        _quantise(full, target)


def _quantise(source: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it recommends a preprocessing that changes nothing for a transformer
    try:
        # Per channel: with one scale a matrix, some questions lie visibly farther from the original.
        quantize_dynamic(str(source), str(target), weight_type=QuantType.QInt8, per_channel=True)
    finally:
        root.setLevel(level)
