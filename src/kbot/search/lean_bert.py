"""BERT for one text at a time, to be traced: without padding, masks and second texts, in few operations.

What serves a question reads one text, so a batch, its mask and the type of each token say nothing. Leaving them out,
and multiplying by the three matrices of attention at once, leaves ONNX Runtime fewer operations to run one by one.
"""

from __future__ import annotations

import math
from typing import Any

import torch


class LeanLayer(torch.nn.Module):
    """One layer of a BERT with absolute positions, over one text of shape (tokens, width)."""

    def __init__(self, layer: torch.nn.Module, heads: int) -> None:
        super().__init__()
        source: Any = layer  # the libraries' modules have no types for what is in them
        attention = source.attention.self
        self.heads = heads
        self.width = int(attention.query.weight.shape[0])
        scale = 1 / math.sqrt(self.width // heads)  # of attention, once and for all in the matrix of the query
        parts = (attention.query, attention.key, attention.value)
        scales = (scale, 1.0, 1.0)
        with torch.no_grad():
            weight = torch.cat([part.weight.T * by for part, by in zip(parts, scales, strict=True)], dim=1)
            bias = torch.cat([part.bias * by for part, by in zip(parts, scales, strict=True)])
        self.attend = _Product(weight, bias)
        self.join = _product(source.attention.output.dense)
        self.join_norm = source.attention.output.LayerNorm
        self.widen = _product(source.intermediate.dense)
        self.narrow = _product(source.output.dense)
        self.norm = source.output.LayerNorm

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Return the states after this layer, shape (tokens, width)."""
        each = self.attend(states).view(-1, 3 * self.heads, self.width // self.heads).transpose(0, 1)
        query, key, value = each.split(self.heads)
        seen = torch.softmax(query @ key.transpose(1, 2), dim=-1) @ value
        states = self.join_norm(self.join(seen.transpose(0, 1).reshape(-1, self.width)) + states)
        after: torch.Tensor = self.norm(self.narrow(torch.nn.functional.gelu(self.widen(states))) + states)
        return after


class LeanEmbeddings(torch.nn.Module):
    """Tokens of shape (1, tokens) to states of shape (tokens, width)."""

    def __init__(self, embeddings: torch.nn.Module) -> None:
        super().__init__()
        source: Any = embeddings
        self.words = source.word_embeddings
        with torch.no_grad():  # every token is of the first text
            places = source.position_embeddings.weight + source.token_type_embeddings.weight[0]
        self.places = torch.nn.Parameter(places, requires_grad=False)
        self.norm = source.LayerNorm

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """See the class."""
        states: torch.Tensor = self.norm(self.words(input_ids[0]) + self.places[: input_ids.shape[1]])
        return states


class _Product(torch.nn.Module):
    """A linear map as a plain product, which ONNX Runtime quantises as it stands."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(weight.contiguous(), requires_grad=False)
        self.bias = torch.nn.Parameter(bias, requires_grad=False)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return states @ self.weight + self.bias


def _product(linear: Any) -> _Product:
    return _Product(linear.weight.detach().T, linear.bias.detach())


def is_plain_bert(config: Any) -> bool:
    """Return True where this module computes the same as the model of that configuration."""
    return (
        getattr(config, "model_type", "") == "bert"
        and getattr(config, "hidden_act", "") == "gelu"
        and getattr(config, "position_embedding_type", "absolute") in ("absolute", None)
    )
