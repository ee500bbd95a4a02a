"""The network of the safety model: all-MiniLM-L6-v2 with its upper half twice, as it is and trained further.

Only training and a build import this module: it imports PyTorch. What was learnt is kept as the difference to the
original weights, in low rank (Hu et al., LoRA, ICLR 2022, applied after the fact), so that it is a small file beside
the code; a build adds it to the weights of the installed package and exports the sum to ONNX.
"""

from __future__ import annotations

import copy
import shutil
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from kbot.errors import ModelError
from kbot.search.danger import NETWORK, TOKENIZER
from kbot.search.lean_bert import LeanEmbeddings, LeanLayer
from kbot.search.onnx_export import open_transformer, write_onnx
from kbot.search.signs import Sign

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kbot.search.models import ModelFiles

TUNED_LAYERS = 3  # of the encoder's six, the upper ones


class DangerNetwork(torch.nn.Module):
    """Tokens to two rows of logits over the signs, shape (batch, 2, signs): of the tuned half and the plain one."""

    def __init__(self, transformer: torch.nn.Module) -> None:
        super().__init__()
        layers = list(transformer.encoder.layer)  # type: ignore[union-attr, arg-type]
        self.embeddings = transformer.embeddings
        self.lower = torch.nn.ModuleList(layers[:-TUNED_LAYERS])
        self.plain = torch.nn.ModuleList(layers[-TUNED_LAYERS:])
        self.tuned = copy.deepcopy(self.plain)
        self.heads = int(transformer.config.num_attention_heads)  # type: ignore[union-attr, arg-type]
        width = int(transformer.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self.plain_head = torch.nn.Linear(width, len(Sign))
        self.tuned_head = torch.nn.Linear(width, len(Sign))

    def states(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """Return what the lower half makes of the tokens, shape (batch, tokens, width)."""
        embedded: torch.Tensor = self.embeddings(input_ids=ids, token_type_ids=types)  # type: ignore[operator]
        return _through(self.lower, embedded, mask)

    def plain_vector(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the sentence vector of the original encoder, of length 1, shape (batch, width)."""
        return torch.nn.functional.normalize(_mean(_through(self.plain, states, mask), mask), dim=-1)

    def tuned_vector(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the vector of the tuned half, shape (batch, width)."""
        return _mean(_through(self.tuned, states, mask), mask)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """See the class."""
        mask = attention_mask.to(torch.float32)
        states = self.states(input_ids, mask, token_type_ids)
        tuned = self.tuned_head(self.tuned_vector(states, mask))
        plain = self.plain_head(self.plain_vector(states, mask))
        return torch.stack([tuned, plain], dim=1)


def _through(layers: torch.nn.ModuleList, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    hidden = (1.0 - mask)[:, None, None, :] * -1e9
    for layer in layers:
        states = layer(states, hidden)
    return states


def _mean(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weights = mask[:, :, None]
    return (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)


def open_network(base: ModelFiles) -> DangerNetwork:
    """Return the network before any training: both halves are the original.

    Raises:
        ModelError: the original is not the reviewed one.
    """
    base.verify()
    return DangerNetwork(open_transformer(base)).eval()


def save_learnt(network: DangerNetwork, path: Path, *, rank: int, about: Mapping[str, str]) -> None:
    """Write the difference between the tuned half and the plain one, and both heads, in float16.

    Args:
        network: a trained one.
        path: a safetensors file.
        rank: of what is kept of each matrix; the rest of a difference is mostly noise of the training.
        about: what goes into the file's metadata.
    """
    kept: dict[str, torch.Tensor] = {}
    plain = dict(network.plain.named_parameters())
    with torch.no_grad():
        for name, tuned in network.tuned.named_parameters():
            difference = tuned - plain[name]
            if difference.ndim < 2:
                kept[f"tuned.{name}"] = difference
                continue
            left, sizes, right = torch.linalg.svd(difference, full_matrices=False)
            root = sizes[:rank].sqrt()
            kept[f"tuned.{name}.left"] = left[:, :rank] * root
            kept[f"tuned.{name}.right"] = root[:, None] * right[:rank]
        for head in ("plain_head", "tuned_head"):
            kept |= {f"{head}.{name}": value for name, value in getattr(network, head).named_parameters()}
        save_file({k: v.to(torch.float16).contiguous() for k, v in kept.items()}, path, metadata=dict(about))


def add_learnt(network: DangerNetwork, path: Path) -> None:
    """Add what `save_learnt` wrote to the original weights.

    Raises:
        ModelError: the file is of another make.
    """
    try:
        with safe_open(path, framework="pt") as file:
            kept = {name: file.get_tensor(name).to(torch.float32) for name in file.keys()}  # noqa: SIM118
        with torch.no_grad():
            for name, tuned in network.tuned.named_parameters():
                key = f"tuned.{name}"
                tuned.add_(kept[key] if key in kept else kept[f"{key}.left"] @ kept[f"{key}.right"])
            for head in ("plain_head", "tuned_head"):
                for name, value in getattr(network, head).named_parameters():
                    value.copy_(kept[f"{head}.{name}"])
    except (OSError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{path} does not fit the encoder ({error}): run `kbot train-safety`") from error


def export_network(network: DangerNetwork, base: ModelFiles, folder: Path) -> None:
    """Write the network as dynamic int8 ONNX, and its tokenizer, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_onnx(_Served(network), folder / NETWORK, output="logits", inputs=("input_ids",))
    shutil.copyfile(base.folder / "tokenizer.json", folder / TOKENIZER)


class _Served(torch.nn.Module):
    """A `DangerNetwork` for one text at a time: tokens of shape (1, tokens) to logits of shape (1, 2, signs)."""

    def __init__(self, network: DangerNetwork) -> None:
        super().__init__()
        self.embed = LeanEmbeddings(network.embeddings)  # type: ignore[arg-type]
        self.lower, self.plain, self.tuned = (
            torch.nn.Sequential(*(LeanLayer(layer, network.heads) for layer in layers))
            for layers in (network.lower, network.plain, network.tuned)
        )
        self.plain_head, self.tuned_head = network.plain_head, network.tuned_head

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        states = self.lower(self.embed(input_ids))
        tuned = self.tuned_head(self.tuned(states).mean(0, keepdim=True))
        plain = self.plain_head(torch.nn.functional.normalize(self.plain(states).mean(0, keepdim=True), dim=-1))
        return torch.stack([tuned, plain], dim=1)
