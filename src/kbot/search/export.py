"""The encoder, as sentence-transformers has it: it encodes the corpus at build time, and is exported to ONNX.

Only a build imports this module, and only it imports PyTorch.
"""

from __future__ import annotations

import contextlib
import gc
import json
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
    from collections.abc import Iterator, Sequence

    import torch
    from numpy.typing import NDArray

    from kbot.search.models import ModelFiles

RECIPE = "onnx-opset17-int8-per-channel-v2"  # part of the build id: change it whenever an export would differ
# The least cosine allowed between the served int8 encoder and the original on texts of the corpus. Texts of this
# corpus lie at 0.98 and above, so a value below 0.96 means a broken export, not coarse quantisation.
PARITY = 0.96
_BATCH = 8  # texts: what a batch of 8 needs stays in a core's cache, so it is encoded twice as fast as one of 64


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


def export_encoder(files: ModelFiles, folder: Path) -> None:
    """Write `model.onnx` (pooling and normalisation inside, dynamic int8) and `tokenizer.json` into `folder`.

    The weights are opened without sentence-transformers, whose import takes seconds: a build has it encode the
    passages meanwhile, and compares the two afterwards (`SentenceTransformerEncoder.check_parity`).

    Raises:
        ModelError: the model is not the reviewed one, or pools otherwise than by the mean.
    """
    files.verify()
    pooling = json.loads((files.folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    # Before and since sentence-transformers wrote the one mode as a word.
    if not pooling.get("pooling_mode_mean_tokens", pooling.get("pooling_mode") in ("mean", ["mean"])):
        raise ModelError(f"{files.name} does not pool by the mean, which is all the export knows")
    folder.mkdir(parents=True, exist_ok=True)
    write_onnx(_mean_pooled(open_transformer(files)), folder / "model.onnx", output="vector")
    shutil.copyfile(files.folder / "tokenizer.json", folder / "tokenizer.json")


def open_transformer(files: ModelFiles) -> torch.nn.Module:
    """Return a BERT-like network with its weights, without its pooler."""
    from transformers import AutoModel
    from transformers.utils import logging as reports

    reports.disable_progress_bar()  # type: ignore[no-untyped-call]
    reports.set_verbosity_error()  # type: ignore[no-untyped-call]  # it reports that the pooler is not used
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network: torch.nn.Module = AutoModel.from_pretrained(
            str(files.folder), local_files_only=True, add_pooling_layer=False,
            attn_implementation="eager",  # as plain products, it is traced into a fifth fewer operations
        )  # fmt: skip
    return network


def _mean_pooled(transformer: torch.nn.Module) -> torch.nn.Module:
    import torch

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
        ) -> torch.Tensor:
            states = self.transformer(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(states.dtype)
            mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=-1)

    return Graph()


def use_threads(count: int) -> None:
    """Have PyTorch compute with so many threads, at least one. They wait for one another: none may be held up."""
    import torch

    torch.set_num_threads(max(1, count))


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """What imports make is never garbage, and looking through it takes a fifth of the time of a long import."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


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
