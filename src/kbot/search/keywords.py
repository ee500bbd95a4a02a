"""Passages by the words they share with a question (BM25)."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from kbot.errors import IndexDamagedError
from kbot.search.strings import MAPPED_FROM, StringTable, write_strings
from kbot.text import terms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_IDS = "ids.json"
_MANY_IDS = "ids.strings"
_NAME = "bm25"
_ARRAYS = ("data", "indices", "indptr")
# Texts up to which their ids are one list in JSON, read whole; above, they stay in a table and are read one by one.
_FEW = 5_000
# From so many times as many rows as share a word, sorting those is cheaper than a look at all.
_SORTED_FROM = 16


class KeywordIndex:
    """BM25 over stems (Lucene's variant, k1 1.5, b 0.75).

    bm25s works the scores out when the index is made: a column a stem, with the score of every text that has it.
    A search adds up the columns of the question's stems, and looks at nothing else.
    """

    def __init__(self) -> None:
        self._columns: tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]] | None = None
        self._vocabulary: dict[str, int] = {}
        self._ids: Sequence[str] = []
        self._saved: Path | None = None  # read when the first question needs it

    def replace(self, ids: Sequence[str], texts: Sequence[str]) -> None:
        """Index these texts in place of all that was there."""
        stems = [terms(text) for text in texts]
        self._ids, self._saved = list(ids), None
        if not any(stems):
            self._columns, self._vocabulary = None, {}
            return
        self._vocabulary = {stem: at for at, stem in enumerate(sorted({s for row in stems for s in row}))}
        token_ids = [[self._vocabulary[s] for s in row] for row in stems]
        import bm25s

        logging.getLogger("bm25s").setLevel(logging.WARNING)  # it sets itself to DEBUG when it is imported
        bm25 = bm25s.BM25(method="lucene")
        bm25.index((token_ids, self._vocabulary), show_progress=False, create_empty_token=False)
        data, indices, indptr = (bm25.scores[name] for name in _ARRAYS)
        self._columns = (data, indices, indptr)

    def search(self, question: str, k: int) -> list[tuple[str, float]]:
        """Return up to `k` (id, BM25 score above 0), best first. Scores compare within one question only."""
        known = sorted({self._vocabulary[s] for s in terms(question) if s in self._vocabulary})
        self.open()
        if self._columns is None or not known or k <= 0:
            return []
        data, indices, indptr = self._columns
        # Zeroed memory costs nothing until it is written to: only the rows that share a word are.
        scores = np.zeros(len(self._ids), dtype=np.float32)
        touched = []
        for stem in known:
            column = slice(int(indptr[stem]), int(indptr[stem + 1]))
            scores[indices[column]] += data[column]
            touched.append(indices[column])
        if _SORTED_FROM * sum(map(len, touched)) > len(scores):
            rows = np.flatnonzero(scores)
        else:
            rows = np.unique(np.concatenate(touched)) if len(known) > 1 else np.sort(touched[0])
        values = scores[rows]
        if len(rows) > k:
            # All that score no less than the k-th, so that ties go by their place in the corpus, as below.
            best = values >= -np.partition(-values, k - 1)[k - 1]
            rows, values = rows[best], values[best]
        order = np.argsort(-values, kind="stable")[:k]
        return [(self._ids[rows[at]], float(values[at])) for at in order if values[at] > 0]

    def open(self) -> None:
        """Read the index now rather than with the first question: a server must not depend on files that may go.

        Raises:
            IndexDamagedError: the files can't be read.
        """
        if self._columns is None and self._saved is not None:
            data, indices, indptr = (_read(self._saved / f"{name}.csc.index.npy") for name in _ARRAYS)
            if len(data) != len(indices) or len(indptr) != len(self._vocabulary) + 1 or int(indptr[-1]) != len(data):
                raise IndexDamagedError(f"{self._saved} is not of these words: run `kbot build`")
            self._columns = (data, indices, indptr)

    def __len__(self) -> int:
        """How many texts are indexed."""
        return len(self._ids)

    def save(self, folder: Path) -> None:
        """Write the index into a folder: NumPy arrays without pickle, and JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        few = len(self._ids) <= _FEW
        if not few:
            write_strings(folder / _MANY_IDS, self._ids)
        state = {"ids": list(self._ids) if few else _MANY_IDS, "vocabulary": self._vocabulary}
        (folder / _IDS).write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
        if self._columns is not None:
            (folder / _NAME).mkdir(exist_ok=True)
            for name, array in zip(_ARRAYS, self._columns, strict=True):
                np.save(folder / _NAME / f"{name}.csc.index.npy", array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> KeywordIndex:
        """Read what `save` wrote.

        Raises:
            IndexDamagedError: the files can't be read.
        """
        index = cls()
        try:
            state = json.loads((folder / _IDS).read_text(encoding="utf-8"))
            many = state["ids"] == _MANY_IDS
            index._ids = StringTable.open(folder / _MANY_IDS) if many else list(state["ids"])
            index._vocabulary = dict(state["vocabulary"])
            if (folder / _NAME).is_dir():
                index._saved = folder / _NAME
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamagedError(f"{folder} can't be read: run `kbot build`") from error
        return index


def _read(path: Path) -> NDArray[Any]:
    """Read an array; a large one is mapped into memory, as a plain view."""
    try:
        mapped = path.stat().st_size >= MAPPED_FROM
        array: NDArray[Any] = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False).view(np.ndarray)
    except (OSError, ValueError, EOFError) as error:
        raise IndexDamagedError(f"{path} can't be read: run `kbot build`") from error
    return array
