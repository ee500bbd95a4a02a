"""Which messages sound like danger: a classifier over a message's meaning and its words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import yaml

from kbot.errors import IndexDamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

_TOKEN = re.compile(r"[a-z']+|\?")
_LONGEST = 3  # words of an n-gram
_LONGEST_BONES = 4  # words of an n-gram of the skeleton
_BONES = "~"  # begins an n-gram of the skeleton
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


class DangerModel:
    """Two multinomial logistic regressions, one over the sentence vector and one over n-grams; their mean decides.

    The vector knows what a message is about, whatever its words; the n-grams know who does what to whom ("kill
    myself", "kill the process"), which the vector blurs. Measured on posts of strangers, neither alone comes near
    both together.
    """

    def __init__(
        self,
        vector_weights: NDArray[np.float32],
        vocabulary: Iterable[str],
        idf: NDArray[np.float32],
        ngram_weights: NDArray[np.float32],
        *,
        source: str = "",
    ) -> None:
        self.source = source  # hash of what it was trained on
        self._vector_weights = vector_weights  # (signs, dimension + 1), intercept last
        self._vocabulary = {ngram: number for number, ngram in enumerate(vocabulary)}
        self._idf = idf  # (n-grams,)
        self._ngram_weights = ngram_weights  # (signs, n-grams + 1), intercept last
        self._signs = tuple(Sign)

    def read(self, folded: str, vector: NDArray[np.float32]) -> Reading:
        """Read one folded message, given with its unit vector."""
        numbers, values = self._features(folded)
        meaning = self._vector_weights[:, :-1] @ vector + self._vector_weights[:, -1]
        spoken = self._ngram_weights[:, numbers] * values
        wording = spoken.sum(axis=1) + self._ngram_weights[:, -1]
        logits = (_log_softmax(meaning) + _log_softmax(wording)) / 2
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        likeliest = int(shares.argmax())
        against = spoken[likeliest] - spoken.mean(axis=0) if len(numbers) else np.zeros(0)
        known = list(self._known(folded))
        loudest = [known[n] for n in np.argsort(-against)[:_SPOKEN] if against[n] > 0]
        by_sign = dict(zip(self._signs, map(float, shares), strict=True))
        crisis = sum(share for sign, share in by_sign.items() if sign.is_crisis)
        return Reading(by_sign, crisis, tuple(loudest))

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

    def save(self, folder: Path) -> None:
        """Write plain NumPy arrays and JSON."""
        np.save(folder / "danger-vector.npy", self._vector_weights, allow_pickle=False)
        np.save(folder / "danger-ngrams.npy", self._ngram_weights.astype(np.float16), allow_pickle=False)
        np.save(folder / "danger-idf.npy", self._idf, allow_pickle=False)
        content = {"signs": list(self._signs), "source": self.source, "ngrams": list(self._vocabulary)}
        (folder / "danger.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> DangerModel:
        """Read what `save` wrote.

        Raises:
            IndexDamagedError: a file can't be read, or is of another make.
        """
        try:
            content = json.loads((folder / "danger.json").read_text(encoding="utf-8"))
            vector_weights = np.load(folder / "danger-vector.npy", allow_pickle=False)
            ngram_weights = np.load(folder / "danger-ngrams.npy", allow_pickle=False).astype(np.float32)
            idf = np.load(folder / "danger-idf.npy", allow_pickle=False)
            fits = content["signs"] == list(Sign) and ngram_weights.shape == (len(Sign), len(content["ngrams"]) + 1)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamagedError(f"{folder} can't be read ({error}): run `kbot build`") from error
        if not fits or len(vector_weights) != len(Sign) or len(idf) != len(content["ngrams"]):
            raise IndexDamagedError(f"{folder / 'danger.json'} is of another make: run `kbot build`")
        return cls(vector_weights, content["ngrams"], idf, ngram_weights, source=str(content.get("source", "")))


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted: NDArray[np.float64] = logits.astype(np.float64) - float(logits.max())
    return shifted - float(np.log(np.exp(shifted).sum()))
