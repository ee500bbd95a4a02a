"""Networks to ONNX, as they are served: one text at a time, in int8. Imports PyTorch, so only builds import it."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from kbot.errors import ModelError
from kbot.search.lean_bert import LeanEmbeddings, LeanLayer, is_plain_bert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.search.models import ModelFiles


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
    transformer = open_transformer(files)
    if is_plain_bert(transformer.config):
        write_onnx(LeanEncoder(transformer), folder / "model.onnx", output="vector", inputs=("input_ids",))
    else:
        write_onnx(AnyEncoder(transformer), folder / "model.onnx", output="vector")
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
            attn_implementation="eager",  # as plain products, which are traced into fewer operations
        )  # fmt: skip
    return network


class LeanEncoder(torch.nn.Module):
    """Tokens of one text, shape (1, tokens), to its unit vector, shape (1, dimension)."""

    def __init__(self, transformer: torch.nn.Module) -> None:
        super().__init__()
        source: Any = transformer
        self.embed = LeanEmbeddings(source.embeddings)
        layers = (LeanLayer(layer, source.config.num_attention_heads) for layer in source.encoder.layer)
        self.layers = torch.nn.Sequential(*layers)

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """See the class."""
        states: torch.Tensor = self.layers(self.embed(input_ids))
        return torch.nn.functional.normalize(states.mean(0, keepdim=True), dim=-1)


class AnyEncoder(torch.nn.Module):
    """The same of any transformer, with masks, shape (batch, tokens) to (batch, dimension)."""

    def __init__(self, transformer: torch.nn.Module) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """See the class."""
        states = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        return torch.nn.functional.normalize(mean, dim=-1)


def write_onnx(
    graph: torch.nn.Module,
    target: Path,
    *,
    output: str,
    inputs: Sequence[str] = ("input_ids", "attention_mask", "token_type_ids"),
) -> None:
    """Write a graph over tokens as ONNX with dynamic int8 weights.

    Args:
        graph: takes as many arguments as there are `inputs`, each int64 of shape (batch, tokens).
        target: the file.
        output: the name of what it returns.
        inputs: their names.
    """
    axes = {0: "batch", 1: "tokens"}
    example = torch.ones((1, 8), dtype=torch.int64)
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        full = Path(scratch) / "fp32.onnx"
        torch.onnx.export(
            graph.eval(), (example,) * len(inputs), str(full),
            input_names=list(inputs), output_names=[output],
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
