"""A logistic regression over runs of words: which of them speak for which sign."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kbot.errors import IndexDamagedError
from kbot.search.signs import Sign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

_SPOKEN = 3  # runs named in an explanation


@dataclass(frozen=True, slots=True)
class WordingFiles:
    """The names under which a wording is kept in a folder."""

    vocabulary: str  # JSON: the signs, the source, and the runs
    weights: str
    idf: str

    def all(self) -> tuple[str, str, str]:
        """Return the three."""
        return self.vocabulary, self.weights, self.idf


@dataclass(frozen=True, slots=True)
class Wording:
    """What was learnt of runs of words, and how a message is taken apart into them."""

    runs_of: Callable[[str], list[str]]
    vocabulary: list[str]
    idf: NDArray[np.float32]  # (runs,)
    weights: NDArray[np.float32]  # (signs, runs + 1), intercept last
    source: str = ""  # hash of the messages it was trained on
    _numbers: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_numbers", {run: number for number, run in enumerate(self.vocabulary)})

    def logits(self, folded: str) -> NDArray[np.float32]:
        """Return one logit a sign, shape (signs,)."""
        _, spoken = self._spoken(folded)
        logits: NDArray[np.float32] = spoken.sum(axis=1) + self.weights[:, -1]
        return logits

    def loudest(self, folded: str, sign: int) -> tuple[str, ...]:
        """Return the runs of a message that spoke most for a sign, by its number, loudest first."""
        known, spoken = self._spoken(folded)
        if not known:
            return ()
        against = spoken[sign] - spoken.mean(axis=0)
        return tuple(known[n] for n in np.argsort(-against)[:_SPOKEN] if against[n] > 0)

    def _spoken(self, folded: str) -> tuple[list[str], NDArray[np.float32]]:
        """Return the known runs, and what each says for each sign: tf-idf, sublinear, of length 1."""
        counts = Counter(run for run in self.runs_of(folded) if run in self._numbers)
        known = list(counts)
        numbers = np.fromiter((self._numbers[run] for run in known), dtype=np.intp, count=len(known))
        tf = 1 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(known)))
        values = tf * self.idf[numbers]
        norm = float(np.linalg.norm(values))
        spoken: NDArray[np.float32] = self.weights[:, numbers] * (values / norm if norm else values)
        return known, spoken

    def save(self, folder: Path, files: WordingFiles) -> None:
        """Write it, as `load` reads it."""
        np.save(folder / files.weights, self.weights.astype(np.float16), allow_pickle=False)
        np.save(folder / files.idf, self.idf.astype(np.float16), allow_pickle=False)
        content = {"signs": list(Sign), "source": self.source, "ngrams": self.vocabulary}
        (folder / files.vocabulary).write_text(json.dumps(content, ensure_ascii=False, indent=0), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, files: WordingFiles, runs_of: Callable[[str], list[str]]) -> Wording:
        """Read what `save` wrote: plain NumPy arrays and JSON.

        Raises:
            IndexDamagedError: a file can't be read, or is of another make.
        """
        try:
            content = json.loads((folder / files.vocabulary).read_text(encoding="utf-8"))
            weights = np.load(folder / files.weights, allow_pickle=False).astype(np.float32)
            idf = np.load(folder / files.idf, allow_pickle=False).astype(np.float32)
            vocabulary, source = list(content["ngrams"]), str(content["source"])
            fits = content["signs"] == list(Sign) and weights.shape == (len(Sign), len(vocabulary) + 1)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamagedError(f"{folder} can't be read ({error}): run `kbot build`") from error
        if not fits or len(idf) != len(vocabulary):
            raise IndexDamagedError(f"{folder / files.vocabulary} is of another make: run `kbot build`")
        return cls(runs_of, vocabulary, idf, weights, source)
