"""Nearest vectors by cosine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

import faiss
import numpy as np

from kbot.errors import IndexDamagedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


class VectorStore(Protocol):
    """Ids with unit vectors, searched by cosine."""

    def replace(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Put these in place of all that the store held. `vectors` has shape (len(ids), dimension), unit length."""

    def search(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Return up to `k` (id, cosine), nearest first. Cosines lie in [-1, 1], higher is closer."""

    def __len__(self) -> int:
        """How many vectors the store holds."""


class FaissStore:
    """Exact search in memory with FAISS; kept as one index file and one list of ids, never pickled."""

    def __init__(self, dimension: int) -> None:
        # One question at a time: FAISS's thread pool costs more than the search.
        faiss.omp_set_num_threads(1)
        self._index: faiss.Index = faiss.IndexFlatIP(dimension)
        self._ids: list[str] = []

    def replace(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """See `VectorStore.replace`."""
        if vectors.shape != (len(ids), self._index.d):
            raise ValueError(f"vectors have shape {vectors.shape}, not ({len(ids)}, {self._index.d})")
        index = faiss.IndexFlatIP(self._index.d)
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        self._index, self._ids = index, list(ids)

    def search(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """See `VectorStore.search`."""
        k = min(k, len(self._ids))
        if k <= 0:
            return []
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, -1)
        cosines, rows = self._index.search(query, k)
        return [(self._ids[row], float(c)) for row, c in zip(rows[0], cosines[0], strict=True) if row >= 0]

    def __len__(self) -> int:
        """How many vectors the store holds."""
        return len(self._ids)

    def items(self) -> tuple[list[str], NDArray[np.float32]]:
        """Return all ids and their vectors, in the order in which they were put in."""
        vectors = (
            self._index.reconstruct_n(0, len(self._ids)) if self._ids else np.zeros((0, self._index.d), np.float32)
        )
        return list(self._ids), np.asarray(vectors, dtype=np.float32)

    def save(self, index: Path, ids: Path) -> None:
        """Write the vectors and the ids into two files."""
        faiss.write_index(self._index, str(index))
        ids.write_text(json.dumps(self._ids, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, index: Path, ids: Path) -> FaissStore:
        """Read what `save` wrote.

        Raises:
            IndexDamagedError: the files can't be read, or do not belong together.
        """
        try:
            read = faiss.read_index(str(index))
            names = json.loads(ids.read_text(encoding="utf-8"))
        except (RuntimeError, OSError, ValueError) as error:
            raise IndexDamagedError(f"{index} can't be read: run `kbot build`") from error
        if not isinstance(names, list) or read.ntotal != len(names):
            raise IndexDamagedError(f"{ids} and {index.name} do not belong together: run `kbot build`")
        store = cls(read.d)
        store._index, store._ids = read, [str(name) for name in names]
        return store
