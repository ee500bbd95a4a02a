"""A question and a passage read together: slower than vectors, and a better judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kbot.search.onnx import OnnxModel
from kbot.text import terms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_TOKENS = 256  # question and passage together


class Reranker(Protocol):
    """Anything that scores how well texts answer a question."""

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return one logit a text, unbounded, higher is better; 0 is where the model finds both equally likely."""


class OnnxReranker:
    """A cross-encoder in ONNX."""

    def __init__(self, model: Path, tokenizer: Path, *, threads: int) -> None:
        self._model = OnnxModel(model, tokenizer, max_tokens=MAX_TOKENS, threads=threads)

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """See `Reranker.score`."""
        return [float(self._model.run(question, text).reshape(-1)[0]) for text in texts]


class OverlapReranker:
    """A deterministic reranker for tests: the share of the question's terms in the text, as a logit in [-4, 4]."""

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """See `Reranker.score`."""
        asked = set(terms(question))
        return [8.0 * len(asked & set(terms(text))) / len(asked) - 4.0 if asked else -4.0 for text in texts]
