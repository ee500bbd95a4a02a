"""Which messages sound like danger: a classifier over a message's meaning and its words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Protocol

import numpy as np
import yaml

from kbot.errors import IndexDamagedError
from kbot.search.onnx import OnnxModel

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from kbot.search.encoder import Encoder

BASE = "all-MiniLM-L6-v2"  # whose upper half was trained further (danger_network.py)
MAX_TOKENS = 128  # that the network reads at once
NETWORK, TOKENIZER = "network.onnx", "tokenizer.json"
LEARNT, VOCABULARY, NGRAMS, IDF = "learnt.safetensors", "danger.json", "danger-ngrams.npy", "danger-idf.npy"
# A long message is read in parts as well: one clause of danger would drown in the mean over a whole page.
_PART = 60  # words of a part
_STEP = 45  # words from one part to the next: what is cut in two here stands whole in the other
_SHARES = (0.6, 0.2, 0.2)  # of the tuned network, the plain one, and the n-grams; see docs/safety.md
_TOKEN = re.compile(r"[a-z']+|\?")
_LONGEST = 3  # words of an n-gram
_LONGEST_BONES = 4  # words of an n-gram of the skeleton
_BONES = "~"  # begins an n-gram of the skeleton
_PEOPLE = frozenset({"me", "you", "they", "kin"})  # classes of the skeleton
_SPOKEN = 3  # n-grams named in an explanation


class Sign(StrEnum):
    """What the prototypes are labelled with."""

    ACTIVE = "crisis_active"
    PASSIVE = "crisis_passive"
    SELF_HARM = "crisis_self_harm"
    OTHER_PERSON = "crisis_other_person"
    SPANISH = "crisis_spanish"
    EMERGENCY = "emergency"
    DISTRESS = "distress"
    WORDS_ONLY = "words_only"
    TOPIC = "topic_of_suicide"
    ORDINARY = "ordinary"

    @property
    def is_crisis(self) -> bool:
        """True where somebody may take their life or hurt themselves."""
        return self.value.startswith("crisis")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the classifier says of one message."""

    shares: dict[Sign, float]  # probability of each sign; they sum to 1
    crisis: float  # [0, 1]: the crisis signs together
    words: tuple[str, ...]  # what spoke most for the likeliest sign, for staff


@lru_cache(maxsize=1)
def _skeleton() -> tuple[dict[str, str], frozenset[str]]:
    """Return word -> class of the skeleton, and the words that speak of danger."""
    text = resources.files("kbot.search").joinpath("skeleton.yaml").read_text(encoding="utf-8")
    data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  the C twin of SafeLoader
    classes = {word: name for part in ("frame", "danger") for name, found in data[part].items() for word in found}
    return classes, frozenset(word for found in data["danger"].values() for word in found)


def speaks_of_danger(folded: str) -> bool:
    """Return True where a folded message has any word of danger (`skeleton.yaml`), in whatever sense."""
    _, danger = _skeleton()
    return any(token in danger for token in _TOKEN.findall(folded))


def speaks_of_somebody(folded: str) -> bool:
    """Return True where a folded message has a word for a person: the writer, whoever is spoken to, or another."""
    classes, _ = _skeleton()
    return any(classes.get(token) in _PEOPLE for token in _TOKEN.findall(folded))


def ngrams(folded: str) -> list[str]:
    """Return the runs of words of a folded message and of its skeleton, repeats and question marks included.

    Example: "i want to die" -> i, want, to, die, "i want", ..., "want to die", ~me, ~want, ~die, ..., "~me want die".
    """
    tokens = _TOKEN.findall(folded)
    classes, _ = _skeleton()
    bones = [classes[token] for token in tokens if token in classes]
    bones = [bone for bone, before in zip(bones, ["", *bones], strict=False) if bone != before]
    return _runs(tokens, _LONGEST, "") + _runs(bones, _LONGEST_BONES, _BONES)


def _runs(tokens: list[str], longest: int, mark: str) -> list[str]:
    return [
        mark + " ".join(tokens[start : start + length])
        for length in range(1, longest + 1)
        for start in range(len(tokens) - length + 1)
    ]


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


class DangerModel:
    """A network over meaning and a logistic regression over n-grams; the weighted mean of their logarithms decides.

    The network knows what a message is about, whatever its words; the n-grams know who does what to whom ("kill
    myself", "kill the process"), which a vector blurs. Neither alone comes near both together (docs/safety.md).
    """

    def __init__(
        self,
        network: Network,
        vocabulary: Iterable[str],
        idf: NDArray[np.float32],
        ngram_weights: NDArray[np.float32],
        *,
        source: str = "",
    ) -> None:
        self.source = source  # hash of the messages it was trained on
        self._network = network
        self._vocabulary = {ngram: number for number, ngram in enumerate(vocabulary)}
        self._idf = idf  # (n-grams,)
        self._ngram_weights = ngram_weights  # (signs, n-grams + 1), intercept last
        self._signs = tuple(Sign)

    def read(self, folded: str) -> Reading:
        """Read one folded message: whole, and a long one in parts, of which the most dangerous counts."""
        read = max((self._read(part) for part in parts_of(folded)), key=lambda part: part.crisis)
        return Reading(dict(zip(self._signs, map(float, read.shares), strict=True)), read.crisis, read.words)

    def _read(self, folded: str) -> _Read:
        numbers, values = self._features(folded)
        tuned, plain = self._network.logits(folded)
        spoken = self._ngram_weights[:, numbers] * values
        wording = spoken.sum(axis=1) + self._ngram_weights[:, -1]
        readings = (_log_softmax(tuned), _log_softmax(plain), _log_softmax(wording))
        logits = sum(share * reading for share, reading in zip(_SHARES, readings, strict=True))
        shares = np.exp(logits - np.max(logits))
        shares /= shares.sum()
        likeliest = int(shares.argmax())
        against = spoken[likeliest] - spoken.mean(axis=0) if len(numbers) else np.zeros(0)
        known = list(self._known(folded))
        loudest = tuple(known[n] for n in np.argsort(-against)[:_SPOKEN] if against[n] > 0)
        crisis = sum(float(share) for sign, share in zip(self._signs, shares, strict=True) if sign.is_crisis)
        return _Read(shares, crisis, loudest)

    def _known(self, folded: str) -> dict[str, int]:
        counts: dict[str, int] = {}
        for ngram in ngrams(folded):
            if ngram in self._vocabulary:
                counts[ngram] = counts.get(ngram, 0) + 1
        return counts

    def _features(self, folded: str) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return the numbers of the known n-grams and their weights: tf-idf, sublinear, of length 1."""
        known = self._known(folded)
        numbers = np.fromiter((self._vocabulary[ngram] for ngram in known), dtype=np.intp, count=len(known))
        counts = np.fromiter(known.values(), dtype=np.float32, count=len(known))
        values = (1 + np.log(counts)) * self._idf[numbers] if len(known) else counts
        norm = float(np.linalg.norm(values))
        return numbers, (values / norm if norm else values).astype(np.float32)

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> DangerModel:
        """Read what a build put into `folder`: plain NumPy arrays, JSON and the network as ONNX.

        Raises:
            IndexDamagedError: a file can't be read, or is of another make.
            ModelError: the network can't be opened.
        """
        vocabulary, idf, ngram_weights, source = _load_wording(folder)
        return cls(OnnxNetwork(folder, threads=threads), vocabulary, idf, ngram_weights, source=source)

    @classmethod
    def load_first(cls, folder: Path, encoder: Encoder) -> DangerModel:
        """Read the model of a build of kbot 0.1.0, so that a build can be gone back to after an upgrade.

        Raises:
            IndexDamagedError: as `load`.
        """
        vocabulary, idf, ngram_weights, source = _load_wording(folder)
        try:
            weights = np.load(folder / "danger-vector.npy", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise IndexDamagedError(f"{folder} can't be read ({error}): run `kbot build`") from error
        if weights.shape != (len(Sign), encoder.dimension + 1):
            raise IndexDamagedError(f"{folder / 'danger-vector.npy'} is of another make: run `kbot build`")
        return cls(_VectorHead(encoder, weights), vocabulary, idf, ngram_weights, source=source)


def _load_wording(folder: Path) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32], str]:
    try:
        content = json.loads((folder / VOCABULARY).read_text(encoding="utf-8"))
        ngram_weights = np.load(folder / NGRAMS, allow_pickle=False).astype(np.float32)
        idf = np.load(folder / IDF, allow_pickle=False).astype(np.float32)
        vocabulary, source = list(content["ngrams"]), str(content["source"])
        fits = content["signs"] == list(Sign) and ngram_weights.shape == (len(Sign), len(vocabulary) + 1)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamagedError(f"{folder} can't be read ({error}): run `kbot build`") from error
    if not fits or len(idf) != len(vocabulary):
        raise IndexDamagedError(f"{folder / VOCABULARY} is of another make: run `kbot build`")
    return vocabulary, idf, ngram_weights, source


def parts_of(folded: str) -> list[str]:
    """Return a message and, where it is long, its overlapping parts."""
    words = folded.split()
    if len(words) <= _PART:
        return [folded]
    return [
        folded,
        *(" ".join(words[start : start + _PART]) for start in range(0, len(words) - _PART + _STEP, _STEP)),
    ]


def write_wording(
    folder: Path,
    vocabulary: list[str],
    idf: NDArray[np.float32],
    ngram_weights: NDArray[np.float32],
    *,
    source: str,
) -> None:
    """Write the n-grams' side of a model, as `DangerModel.load` reads it."""
    np.save(folder / NGRAMS, ngram_weights.astype(np.float16), allow_pickle=False)
    np.save(folder / IDF, idf.astype(np.float16), allow_pickle=False)
    content = {"signs": list(Sign), "source": source, "ngrams": vocabulary}
    (folder / VOCABULARY).write_text(json.dumps(content, ensure_ascii=False, indent=0), encoding="utf-8")


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted: NDArray[np.float64] = logits.astype(np.float64) - float(logits.max())
    return shifted - float(np.log(np.exp(shifted).sum()))
