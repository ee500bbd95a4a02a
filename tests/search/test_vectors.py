from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.errors import IndexDamagedError
from kbot.search.vectors import FaissStore, VectorStore

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

DIMENSION = 24


def unit_vectors(count: int, seed: int) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    unit: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


VECTORS = unit_vectors(50, seed=7)
IDS = [f"id{number}" for number in range(50)]
QUESTION = unit_vectors(1, seed=8)[0]


@pytest.fixture
def store() -> FaissStore:
    store = FaissStore(DIMENSION)
    store.replace(IDS, VECTORS)
    return store


@given(st.integers(0, 40), st.integers(0, 60), st.integers(0, 2**32 - 1))
def test_search_ranks_and_scores_like_exact_cosine(count: int, k: int, seed: int) -> None:
    vectors, question = unit_vectors(count, seed), unit_vectors(1, seed ^ 1)[0]
    store: VectorStore = FaissStore(DIMENSION)
    store.replace([str(row) for row in range(count)], vectors)

    found = store.search(question, k)

    cosines = vectors @ question
    nearest = np.argsort(-cosines, kind="stable")[:k]
    assert [int(id_) for id_, _ in found] == nearest.tolist()
    assert [cosine for _, cosine in found] == pytest.approx(cosines[nearest].tolist(), abs=1e-5)


def test_a_vector_is_at_cosine_one_of_itself_and_minus_one_of_its_opposite() -> None:
    store = FaissStore(DIMENSION)
    store.replace(["same", "opposite"], np.stack([QUESTION, -QUESTION]))
    assert dict(store.search(QUESTION, 2)) == pytest.approx({"same": 1.0, "opposite": -1.0})


def test_an_empty_store_finds_nothing() -> None:
    store = FaissStore(DIMENSION)
    assert (len(store), store.search(QUESTION, 5)) == (0, [])
    assert store.items()[1].shape == (0, DIMENSION)


def test_no_neighbours_are_found_where_none_are_asked_for(store: FaissStore) -> None:
    assert store.search(QUESTION, 0) == []
    assert store.search(QUESTION, -1) == []


def test_replace_forgets_what_was_there(store: FaissStore) -> None:
    store.replace(["only"], VECTORS[:1])
    assert len(store) == 1
    assert [id_ for id_, _ in store.search(QUESTION, 5)] == ["only"]


@pytest.mark.parametrize("shape", [(2, DIMENSION), (3, DIMENSION + 1)])
def test_vectors_that_do_not_fit_the_ids_are_refused_and_change_nothing(
    store: FaissStore, shape: tuple[int, int]
) -> None:
    with pytest.raises(ValueError, match=r"vectors have shape"):
        store.replace(["a", "b", "c"], np.zeros(shape, dtype=np.float32))
    assert len(store) == 50


def test_items_are_what_was_put_in_in_order(store: FaissStore) -> None:
    ids, vectors = store.items()
    assert ids == IDS
    np.testing.assert_array_equal(vectors, VECTORS)


def test_a_store_that_was_saved_finds_the_same(store: FaissStore, tmp_path: Path) -> None:
    store.save(tmp_path / "v.faiss", tmp_path / "v.json")
    again = FaissStore.load(tmp_path / "v.faiss", tmp_path / "v.json")
    assert again.search(QUESTION, 50) == store.search(QUESTION, 50)
    assert len(again) == 50


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("v.faiss", b""),
        ("v.faiss", b"rubbish that is no index at all"),
        ("v.json", b'["one"]'),
        ("v.json", b"{}"),
        ("v.json", b"[\xff"),
        ("v.faiss", None),
        ("v.json", None),
    ],
)
def test_files_that_are_damaged_are_refused(store: FaissStore, tmp_path: Path, name: str, data: bytes | None) -> None:
    store.save(tmp_path / "v.faiss", tmp_path / "v.json")
    if data is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(data)

    with pytest.raises(IndexDamagedError, match=r"v\.(faiss|json).*run `kbot build`"):
        FaissStore.load(tmp_path / "v.faiss", tmp_path / "v.json")
