"""ONNX models without PyTorch: one session and one tokenizer, set up for one text at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from kbot.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class OnnxModel:
    """Runs one tokenised text, or a pair of texts, through an ONNX graph.

    One text a call: dynamic int8 quantisation makes a result depend on what else is in the batch, and kbot compares
    these numbers with thresholds.
    """

    def __init__(self, model: Path, tokenizer: Path, *, max_tokens: int, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Spinning threads would burn a core between questions, and starve the other callers of a small machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # it raises bare Exceptions of its own making
            raise ModelError(f"{model} can't be opened ({error}): run `kbot build` again") from error
        self._tokenizer = _open_tokenizer(tokenizer, max_tokens)
        self._inputs = [entry.name for entry in self._session.get_inputs()]

    def run(self, text: str, pair: str | None = None) -> NDArray[np.float32]:
        """Return the first output for one text or pair, shape (1, ...)."""
        encoding = self._tokenizer.encode(text, pair)
        arrays = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        feed = {name: np.asarray([arrays[name]], dtype=np.int64) for name in self._inputs}
        output: NDArray[np.float32] = self._session.run(None, feed)[0]
        return output


class TokenCounter:
    """Says how long texts are for an encoder, without opening it."""

    def __init__(self, tokenizer: Path, *, max_tokens: int) -> None:
        self._tokenizer = _open_tokenizer(tokenizer, max_tokens)

    def count(self, text: str) -> int:
        """Return how many tokens the text has, without the two that frame it; at most the truncation length."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)


def _open_tokenizer(path: Path, max_tokens: int) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # it raises bare Exceptions of its own making
        raise ModelError(f"{path} can't be opened ({error}): run `kbot build` again") from error
    # Packaged tokenizers pad every text to the longest: each question would cost as much as a page.
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=max_tokens)
    return tokenizer
