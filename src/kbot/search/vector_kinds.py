"""The kinds of FAISS index that kbot knows: how each is made, how it is searched, and which one for how many vectors.

`python -m bench.growth` measures them; docs/growth.md says how they came out.
"""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

import faiss
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Vectors up to which every one of them is compared. Above, a graph over vectors of a byte a number leads to the near
# ones, and what it finds is compared again with the full vectors, which stay in a file.
FLAT_UP_TO = 30_000
LINKS = 48  # of a node of the graph (M of HNSW)
_BUILD_WIDTH = 300  # candidates kept while a node is linked in (efConstruction)
_SEARCH_WIDTH = 640  # candidates kept while searching (efSearch); never fewer than are asked for
# Numbers of a vector that a compressed graph above FLAT_UP_TO keeps: its principal components, which say nearly as
# well who is near, and are read from memory sooner. Vectors of no more numbers are kept as they are.
REDUCED = 256
_TRAINING = 39  # vectors a cluster, at most, that clusters and codes are learned from: FAISS asks for no fewer
_FEWEST_READ = 16  # clusters that a search reads, at least (nprobe)
_SHARE_READ = 16  # and otherwise one in so many of them
_FEWEST = 50_000  # of them, where there are so many
_ROUNDS = 10  # of k-means
_ALONE = 10_000  # vectors that one core adds by itself; the same index then comes out of every run


class IndexKind(StrEnum):
    """How vectors are kept and searched. The value is what `KBOT_VECTOR_INDEX` is set to."""

    FLAT = "flat"  # exact: compares all
    HNSW = "hnsw"  # a graph over full vectors
    HNSW_SQ8 = "hnsw-sq8"  # a graph over vectors of a byte a number
    IVF = "ivf"  # clusters of full vectors
    IVF_SQ8 = "ivf-sq8"  # clusters of vectors of a byte a number

    @property
    def lossy(self) -> bool:
        """True where the index holds less than the full vectors, so that cosines are taken again from the file."""
        return self in {IndexKind.HNSW_SQ8, IndexKind.IVF_SQ8}


def kind_for(count: int) -> IndexKind:
    """Return the kind for so many vectors: the simplest one that is fast enough."""
    return IndexKind.FLAT if count <= FLAT_UP_TO else IndexKind.HNSW_SQ8


def make_index(kind: IndexKind, vectors: NDArray[np.float32]) -> faiss.Index:
    """Return an index of unit vectors, shape (count, dimension), trained where its kind needs it and filled."""
    count, dimension = vectors.shape
    metric = faiss.METRIC_INNER_PRODUCT
    index: faiss.Index
    match kind:
        case IndexKind.FLAT:
            index = faiss.IndexFlatIP(dimension)
        case IndexKind.HNSW:
            index = faiss.IndexHNSWFlat(dimension, LINKS, metric)
        case IndexKind.HNSW_SQ8:
            eight_bits = faiss.ScalarQuantizer.QT_8bit
            reduced = dimension > REDUCED and count > FLAT_UP_TO
            kept = REDUCED if reduced else dimension
            index = faiss.IndexHNSWSQ(kept, eight_bits, LINKS, metric)  # type: ignore[arg-type]  # a wrong stub
            if reduced:
                index = faiss.IndexPreTransform(faiss.PCAMatrix(dimension, kept), index)
        case IndexKind.IVF:
            index = faiss.index_factory(dimension, f"IVF{_lists(count)},Flat", metric)
        case IndexKind.IVF_SQ8:
            index = faiss.index_factory(dimension, f"IVF{_lists(count)},SQ8", metric)
        case _:
            assert_never(kind)
    graph = _inner(index)
    if isinstance(graph, faiss.IndexHNSW):
        graph.hnsw.efConstruction = _BUILD_WIDTH
    with _Threads(count):
        if not index.is_trained:
            if isinstance(index, faiss.IndexIVF):
                index.cp.max_points_per_centroid = _TRAINING
                index.cp.min_points_per_centroid = 1
                index.cp.niter = _ROUNDS
            index.train(_sample(vectors, index))
        index.add(vectors)
    set_width(index)
    return index


def add_to(index: faiss.Index, vectors: NDArray[np.float32]) -> None:
    """Add unit vectors to an index that is trained."""
    with _Threads(len(vectors)):
        index.add(vectors)


def set_width(index: faiss.Index, width: int | None = None) -> None:
    """Set how much of an index a search looks at: more finds more, and takes longer.

    `width` is the number of candidates kept (a graph) or of clusters read; None: what was measured to be enough.
    """
    graph = _inner(index)
    if isinstance(graph, faiss.IndexHNSW):
        graph.hnsw.efSearch = width or _SEARCH_WIDTH
        # At such widths a heap is sooner than FAISS's sorted buffer.
        graph.hnsw.search_bounded_queue = False  # type: ignore[attr-defined]
    elif isinstance(index, faiss.IndexIVF):
        index.nprobe = width or max(_FEWEST_READ, index.nlist // _SHARE_READ)


def kind_of(index: faiss.Index) -> IndexKind:
    """Return the kind of an index that was read. Raises ValueError for one that kbot doesn't make."""
    kinds = (
        (faiss.IndexFlat, IndexKind.FLAT),
        (faiss.IndexHNSWFlat, IndexKind.HNSW),
        (faiss.IndexHNSWSQ, IndexKind.HNSW_SQ8),
        (faiss.IndexIVFScalarQuantizer, IndexKind.IVF_SQ8),
        (faiss.IndexIVFFlat, IndexKind.IVF),
    )
    inner = _inner(index)
    for type_, kind in kinds:
        if isinstance(inner, type_):
            return kind
    raise ValueError(f"an index of type {type(index).__name__}")


def _inner(index: faiss.Index) -> faiss.Index:
    """Return what searches: the index itself, or the one behind a transform of its vectors."""
    if not isinstance(index, faiss.IndexPreTransform):
        return index
    inner: faiss.Index = faiss.downcast_index(index.index)
    return inner


def _lists(count: int) -> int:
    """Return how many clusters: about 4 times the root, as FAISS's guidelines have it."""
    return max(1, min(int(4 * count**0.5), count))


def _sample(vectors: NDArray[np.float32], index: faiss.Index) -> NDArray[np.float32]:
    """Return as many of the vectors as an index learns from, evenly spaced: the same ones in every run."""
    most = max(_FEWEST, _TRAINING * index.nlist) if isinstance(index, faiss.IndexIVF) else _FEWEST
    if len(vectors) <= most:
        return vectors
    return np.ascontiguousarray(vectors[np.linspace(0, len(vectors) - 1, most).astype(int)])


class _Threads:
    """FAISS with all cores for as long as many vectors are added; one question at a time needs one."""

    def __init__(self, vectors: int) -> None:
        self._count = (os.cpu_count() or 1) if vectors > _ALONE else 1

    def __enter__(self) -> None:
        faiss.omp_set_num_threads(self._count)

    def __exit__(self, *_: object) -> None:
        faiss.omp_set_num_threads(1)
