"""Which messages sound like danger: a classifier over a message's meaning and its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kbot.errors import IndexDamagedError
from kbot.search.onnx import OnnxModel
from kbot.search.signs import Reading, Sign
from kbot.search.word_runs import is_spanish, ngrams, spanish_runs
from kbot.search.wording import Wording, WordingFiles

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from kbot.search.encoder import Encoder

BASE = "all-MiniLM-L6-v2"  # whose upper half was trained further (danger_network.py)
MAX_TOKENS = 128  # that the network reads at once
NETWORK, TOKENIZER, LEARNT = "network.onnx", "tokenizer.json", "learnt.safetensors"
WORDING = WordingFiles("danger.json", "danger-ngrams.npy", "danger-idf.npy")
SPANISH = WordingFiles("spanish.json", "spanish-ngrams.npy", "spanish-idf.npy")
WORDING_FILES = (*WORDING.all(), *SPANISH.all())
# A long message is read in parts as well: one clause of danger would drown in the mean over a whole page.
_PART = 60  # words of a part
_STEP = 45  # words from one part to the next: what is cut in two here stands whole in the other
_SHARES = (0.6, 0.2, 0.2)  # of the tuned network, the plain one, and the n-grams; see docs/safety.md


class Network(Protocol):
    """What reads a message's meaning."""

    def logits(self, folded: str) -> NDArray[np.float32]:
        """Return logits over the signs, shape (2, signs): of the tuned half, and of the plain one."""


class OnnxNetwork:
    """The exported network of `danger_network.py`."""

    def __init__(self, folder: Path, *, threads: int) -> None:
        self._model = OnnxModel(folder / NETWORK, folder / TOKENIZER, max_tokens=MAX_TOKENS, threads=threads)

    def logits(self, folded: str) -> NDArray[np.float32]:
        """See `Network.logits`."""
        rows: NDArray[np.float32] = self._model.run(folded)[0]
        return rows


class _VectorHead:
    """The network's place in a build of kbot 0.1.0: a logistic regression on the search encoder's vectors."""

    def __init__(self, encoder: Encoder, weights: NDArray[np.float32]) -> None:
        self._encoder = encoder
        self._weights = weights  # (signs, dimension + 1), intercept last

    def logits(self, folded: str) -> NDArray[np.float32]:
        """See `Network.logits`: both halves are one."""
        row: NDArray[np.float32] = self._weights[:, :-1] @ self._encoder.encode([folded])[0] + self._weights[:, -1]
        return np.stack([row, row])


@dataclass(frozen=True, slots=True)
class _Read:
    """One part of a message, read."""

    shares: NDArray[np.float64]
    crisis: float
    words: tuple[str, ...]
    spanish: bool


class DangerModel:
    """A network over meaning and a logistic regression over n-grams; the weighted mean of their logarithms decides.

    The network knows what a message is about, whatever its words; the n-grams know who does what to whom ("kill
    myself", "kill the process"), which a vector blurs. Neither alone comes near both together (docs/safety.md). Both
    know English: Spanish is read by a wording of its own, where there is one.
    """

    def __init__(self, network: Network, wording: Wording, spanish: Wording | None = None) -> None:
        self.source = wording.source  # hash of the messages it was trained on
        self._network = network
        self._wording = wording
        self._spanish = spanish
        self._spanish_words = _words_of(spanish) - _words_of(wording) if spanish else frozenset[str]()
        self._signs = tuple(Sign)

    def read(self, folded: str) -> Reading:
        """Read one folded message: whole, and a long one in parts, of which the most dangerous counts."""
        read = max((self._read(part) for part in parts_of(folded)), key=lambda part: part.crisis)
        shares = dict(zip(self._signs, map(float, read.shares), strict=True))
        return Reading(shares, read.crisis, read.words, read.spanish)

    def _read(self, folded: str) -> _Read:
        spanish = self._spanish is not None and is_spanish(folded, self._spanish_words)
        wording = self._spanish if self._spanish is not None and spanish else self._wording
        logits = _log_softmax(wording.logits(folded))
        if not spanish:
            tuned, plain = (_log_softmax(row) for row in self._network.logits(folded))
            logits = _SHARES[0] * tuned + _SHARES[1] * plain + _SHARES[2] * logits
        shares = np.exp(logits - np.max(logits))
        shares /= shares.sum()
        crisis = sum(float(share) for sign, share in zip(self._signs, shares, strict=True) if sign.is_crisis)
        return _Read(shares, crisis, wording.loudest(folded, int(shares.argmax())), spanish)

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> DangerModel:
        """Read what a build put into `folder`: plain NumPy arrays, JSON and the network as ONNX.

        Raises:
            IndexDamagedError: a file can't be read, or is of another make.
            ModelError: the network can't be opened.
        """
        wording = Wording.load(folder, WORDING, ngrams)
        # A build of before it was there has none.
        there = (folder / SPANISH.vocabulary).is_file()
        spanish = Wording.load(folder, SPANISH, spanish_runs) if there else None
        return cls(OnnxNetwork(folder, threads=threads), wording, spanish)

    @classmethod
    def load_first(cls, folder: Path, encoder: Encoder) -> DangerModel:
        """Read the model of a build of kbot 0.1.0, so that a build can be gone back to after an upgrade.

        Raises:
            IndexDamagedError: as `load`.
        """
        wording = Wording.load(folder, WORDING, ngrams)
        try:
            weights = np.load(folder / "danger-vector.npy", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise IndexDamagedError(f"{folder} can't be read ({error}): run `kbot build`") from error
        if weights.shape != (len(Sign), encoder.dimension + 1):
            raise IndexDamagedError(f"{folder / 'danger-vector.npy'} is of another make: run `kbot build`")
        return cls(_VectorHead(encoder, weights), wording)


def _words_of(wording: Wording) -> frozenset[str]:
    return frozenset(run for run in wording.vocabulary if run[0].isalpha() and " " not in run)


def parts_of(folded: str) -> list[str]:
    """Return a message and, where it is long, its overlapping parts."""
    words = folded.split()
    if len(words) <= _PART:
        return [folded]
    return [
        folded,
        *(" ".join(words[start : start + _PART]) for start in range(0, len(words) - _PART + _STEP, _STEP)),
    ]


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted: NDArray[np.float64] = logits.astype(np.float64) - float(logits.max())
    return shifted - float(np.log(np.exp(shifted).sum()))
