"""Nearest vectors by cosine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

import faiss
import numpy as np

from kbot.errors import IndexDamagedError
from kbot.search.strings import MAPPED_FROM, StringTable, write_strings
from kbot.search.vector_kinds import FLAT_UP_TO, IndexKind, add_to, kind_for, kind_of, make_index, set_width

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# What a lossy index finds is compared again with the full vectors: so many times as many as are asked for.
_LOOK_AGAIN = 2
# Share of rows that are no longer used, from which an index is made anew rather than added to.
_MOST_UNUSED = 0.1
_UNUSED = ""


class VectorStore(Protocol):
    """Ids with unit vectors, searched by cosine."""

    def replace(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Put these in place of all that the store held. `vectors` has shape (len(ids), dimension), unit length."""

    def search(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Return up to `k` (id, cosine), nearest first. Cosines lie in [-1, 1], higher is closer.

        Raises:
            StoreUnavailableError: the store is elsewhere and can't be reached.
        """

    def __len__(self) -> int:
        """How many vectors the store holds."""


class FaissStore:
    """Vectors in one FAISS index of this machine: exact while they are few, a graph above; never pickled.

    Whatever the kind, the cosines that a search returns are those of the full vectors.
    """

    def __init__(self, dimension: int, kind: IndexKind | None = None) -> None:
        """`kind` None: chosen by the number of vectors."""
        # One question at a time: FAISS's thread pool costs more than the search.
        faiss.omp_set_num_threads(1)
        self._dimension = dimension
        self._asked = kind
        self._index: faiss.Index = faiss.IndexFlatIP(dimension)
        self._ids: Sequence[str] = []
        self._full: NDArray[np.float32] | None = None  # the full vectors, where the index holds less
        self._unused = 0  # rows whose vector is no longer of use, as a graph can't let go of a node

    @property
    def kind(self) -> IndexKind:
        """How the vectors are kept."""
        return kind_of(self._index)

    def look_at(self, width: int | None) -> None:
        """Set how much of the index a search looks at, for measuring; None: what was measured to be enough."""
        set_width(self._index, width)

    def replace(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """See `VectorStore.replace`."""
        full = self._checked(ids, vectors)
        kind = self._asked or kind_for(len(ids))
        self._index = make_index(kind if len(ids) else IndexKind.FLAT, full)
        self._ids, self._unused = list(ids), 0
        self._full = full if self.kind.lossy else None

    def renew(self, previous: FaissStore, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Do as `replace`, but go on from a store that holds most of these already, where that saves time.

        `previous` is used up. New vectors are added to its index, and rows that are not wanted any more are passed
        over; when they come to a tenth, the index is made anew.
        """
        full = self._checked(ids, vectors)
        kind = self._asked or kind_for(len(ids))
        if kind is IndexKind.FLAT or previous.kind is not kind or previous._dimension != self._dimension:
            self.replace(ids, vectors)
            return
        rows = {id_: row for row, id_ in enumerate(previous._ids) if id_ != _UNUSED}
        held = previous._vectors()
        wanted = {id_: at for at, id_ in enumerate(ids) if id_ in rows and np.array_equal(held[rows[id_]], full[at])}
        unused = len(previous._ids) - len(wanted)
        new = [at for at, id_ in enumerate(ids) if id_ not in wanted]
        if unused + len(new) > _MOST_UNUSED * len(ids):
            self.replace(ids, vectors)
            return
        added = full[new]
        if new:
            add_to(previous._index, added)
        kept = [id_ if id_ in wanted else _UNUSED for id_ in previous._ids]
        self._index, self._ids, self._unused = previous._index, [*kept, *(ids[at] for at in new)], unused
        self._full = np.concatenate([held, added]) if kind.lossy else None

    def _checked(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        if vectors.shape != (len(ids), self._dimension):
            raise ValueError(f"vectors have shape {vectors.shape}, not ({len(ids)}, {self._dimension})")
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def search(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """See `VectorStore.search`."""
        k = min(k, len(self))
        if k <= 0:
            return []
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, -1)
        deep = k if self._full is None else k * _LOOK_AGAIN
        while True:
            looked_at = min(deep, len(self._ids))
            found = self._nearest(query, looked_at)
            if len(found) >= k or looked_at == len(self._ids):
                return found[:k]
            deep *= 2  # rows that are no longer used were among them

    def _nearest(self, query: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        cosines, rows = self._index.search(query, k)
        near, values = rows[0], cosines[0]
        if self._full is not None:
            near = near[near >= 0]
            values = self._full[near] @ query[0]
            order = np.argsort(-values, kind="stable")
            near, values = near[order], values[order]
        named = ((self._ids[row], float(value)) for row, value in zip(near.tolist(), values, strict=True) if row >= 0)
        return [pair for pair in named if pair[0] != _UNUSED]

    def __len__(self) -> int:
        """How many vectors the store holds."""
        return len(self._ids) - self._unused

    def items(self) -> tuple[list[str], NDArray[np.float32]]:
        """Return all ids and their full vectors, in the order in which they were put in."""
        ids, vectors = list(self._ids), self._vectors()
        if not self._unused:
            return ids, vectors
        used = [row for row, id_ in enumerate(ids) if id_ != _UNUSED]
        return [ids[row] for row in used], vectors[used]

    def _vectors(self) -> NDArray[np.float32]:
        if self._full is not None:
            return np.asarray(self._full)
        if not len(self._ids):
            return np.zeros((0, self._dimension), np.float32)
        return np.asarray(self._index.reconstruct_n(0, len(self._ids)), dtype=np.float32)

    def save(self, index: Path, ids: Path) -> None:
        """Write the index and the ids into two files, and full vectors beside them where the index holds less.

        Few ids are a list in JSON; many are a `StringTable` in a file of the same name that ends in ".ids".

        Raises:
            OSError: the disk is full, or the files can't be written; it names the file.
        """
        try:
            with index.open("wb") as file:  # FAISS's own files report no disk that is full when they are closed
                faiss.write_index(self._index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(index)) from None
        if len(self._ids) <= FLAT_UP_TO:
            ids.write_text(json.dumps(list(self._ids), ensure_ascii=False), encoding="utf-8")
        else:
            write_strings(ids.with_suffix(".ids"), self._ids)
        if self._full is not None:
            np.save(_full_path(index), self._full, allow_pickle=False)

    @classmethod
    def load(cls, index: Path, ids: Path, *, writable: bool = False) -> FaissStore:
        """Read what `save` wrote; large files are mapped into memory unless the store is to be `writable`.

        Raises:
            IndexDamagedError: the files can't be read, or do not belong together.
        """
        try:
            flags = faiss.IO_FLAG_MMAP_IFC if not writable and index.stat().st_size >= MAPPED_FROM else 0
            read = faiss.read_index(str(index), flags)
            kind = kind_of(read)
            names = _read_ids(ids)
            full = np.load(_full_path(index), mmap_mode="r", allow_pickle=False) if kind.lossy else None
        except (RuntimeError, OSError, ValueError, EOFError) as error:
            raise IndexDamagedError(f"{index} can't be read: run `kbot build`") from error
        if read.ntotal != len(names) or (full is not None and full.shape != (read.ntotal, read.d)):
            raise IndexDamagedError(f"{ids} and {index.name} do not belong together: run `kbot build`")
        set_width(read)
        store = cls(read.d)
        # A plain view: np.memmap does work of its own at every slice.
        store._index, store._ids, store._full = read, names, None if full is None else full.view(np.ndarray)
        store._unused = _count_unused(names) if kind is not IndexKind.FLAT else 0
        return store


def _full_path(index: Path) -> Path:
    return index.with_suffix(".npy")


def _read_ids(path: Path) -> Sequence[str]:
    if path.with_suffix(".ids").is_file():
        return StringTable.open(path.with_suffix(".ids"))
    names = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(names, list):
        raise ValueError("not a list of ids")  # noqa: TRY004  one error for whatever a file holds
    return [str(name) for name in names]


def _count_unused(ids: Sequence[str]) -> int:
    return ids.empty if isinstance(ids, StringTable) else sum(id_ == _UNUSED for id_ in ids)
