from __future__ import annotations

from typing import TYPE_CHECKING

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.errors import IndexDamagedError
from kbot.search import strings, vector_kinds, vectors
from kbot.search.vector_kinds import FLAT_UP_TO, IndexKind, kind_for
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


MANY = unit_vectors(1_200, seed=9)
MANY_IDS = [f"page#{number}" for number in range(1_200)]
KINDS_BY_COUNT = [IndexKind.FLAT, IndexKind.FLAT, IndexKind.HNSW_SQ8]
LARGE_KINDS = [kind for kind in IndexKind if kind is not IndexKind.FLAT]


@pytest.fixture(scope="module", params=[*LARGE_KINDS, "reduced"])
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a store of one of the kinds for many vectors, as a build leaves them."""
    reduced, folder = request.param == "reduced", tmp_path_factory.mktemp("large")
    with pytest.MonkeyPatch.context() as patch:
        if reduced:  # as a compressed graph of very many vectors of many numbers
            patch.setattr(vector_kinds, "REDUCED", DIMENSION - 2)
            patch.setattr(vector_kinds, "FLAT_UP_TO", 1_000)
        store = FaissStore(DIMENSION, IndexKind.HNSW_SQ8 if reduced else request.param)
        store.replace(MANY_IDS, MANY)
        patch.setattr(vectors, "FLAT_UP_TO", 10)  # so that ids are a table
        store.save(folder / "v.faiss", folder / "v.json")
    return folder


def load(folder: Path, *, writable: bool = False) -> FaissStore:
    return FaissStore.load(folder / "v.faiss", folder / "v.json", writable=writable)


@pytest.mark.parametrize("count", [3, 2000])
def test_a_full_disk_is_named_however_little_is_written(tmp_path: Path, count: int) -> None:
    full = tmp_path / "vectors.faiss"
    full.symlink_to("/dev/full")
    store = FaissStore(DIMENSION)
    store.replace([str(row) for row in range(count)], unit_vectors(count, seed=1))
    with pytest.raises(OSError, match=r"No space left on device.*vectors\.faiss"):
        store.save(full, tmp_path / "vectors.json")


@pytest.mark.parametrize("mapped_from", [0, strings.MAPPED_FROM])
def test_every_kind_finds_nine_in_ten_of_the_nearest_with_exact_cosines(
    large: Path, mapped_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "MAPPED_FROM", mapped_from)
    store, hits = load(large), 0
    store.look_at(100)  # evenly spread vectors are harder to find than those of texts
    for question in unit_vectors(40, seed=10):
        found = store.search(question, 10)
        cosines = MANY @ question
        assert [c for _, c in found] == pytest.approx([cosines[MANY_IDS.index(id_)] for id_, _ in found], abs=1e-5)
        assert [c for _, c in found] == sorted((c for _, c in found), reverse=True)
        hits += len({id_ for id_, _ in found} & {MANY_IDS[row] for row in np.argsort(-cosines)[:10]})
    assert (len(store), hits >= 360) == (1_200, True)


def test_a_compressed_graph_of_very_many_vectors_keeps_fewer_numbers_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_kinds, "FLAT_UP_TO", 1_199)
    monkeypatch.setattr(vector_kinds, "REDUCED", 4)
    many, few = (vector_kinds.make_index(IndexKind.HNSW_SQ8, MANY[:count]) for count in (1_200, 1_199))
    assert isinstance(many, faiss.IndexPreTransform)
    assert (many.d, faiss.downcast_index(many.index).d, few.d) == (DIMENSION, 4, DIMENSION)
    assert [vector_kinds.kind_of(index) for index in (many, few)] == [IndexKind.HNSW_SQ8] * 2


def test_every_kind_keeps_the_full_vectors(large: Path) -> None:
    ids, kept = load(large).items()
    assert ids == MANY_IDS
    np.testing.assert_array_equal(kept, MANY)


def test_going_on_from_an_index_finds_what_one_made_anew_holds_and_nothing_that_left(large: Path) -> None:
    changed = MANY.copy()
    changed[5] = QUESTION
    ids = [*MANY_IDS[1:], "page#new"]
    wanted = np.concatenate([changed[1:], -QUESTION[None]])
    before = load(large, writable=True)

    store = FaissStore(DIMENSION, before.kind)
    store.renew(before, ids, wanted)

    assert (len(store), store.kind) == (1_200, load(large).kind)
    assert [store.search(v, 1)[0][0] for v in (QUESTION, -QUESTION)] == ["page#5", "page#new"]
    assert "page#0" not in {id_ for id_, _ in store.search(MANY[0], 50)}
    kept = dict(zip(*store.items(), strict=True))
    assert sorted(kept) == sorted(ids)
    np.testing.assert_array_equal([kept[id_] for id_ in ids], wanted)


def test_an_index_that_was_gone_on_from_is_saved_and_read_without_what_left(large: Path, tmp_path: Path) -> None:
    before = load(large, writable=True)
    store = FaissStore(DIMENSION, before.kind)
    store.renew(before, MANY_IDS[1:], MANY[1:])
    store.save(tmp_path / "v.faiss", tmp_path / "v.json")
    again = load(tmp_path)
    assert len(again) == 1_199
    assert again.search(MANY[0], 20) == store.search(MANY[0], 20)
    assert "page#0" not in {id_ for id_, _ in again.search(MANY[0], 20)}


def test_where_much_has_changed_the_index_is_made_anew(large: Path) -> None:
    before = load(large, writable=True)
    store = FaissStore(DIMENSION, before.kind)
    store.renew(before, MANY_IDS[:800], MANY[:800])
    assert store.items()[0] == MANY_IDS[:800]  # in their order again: no row is passed over


def test_the_kind_goes_by_the_number_of_vectors_unless_it_is_asked_for() -> None:
    counts = (0, FLAT_UP_TO, FLAT_UP_TO + 1)
    assert [kind_for(count) for count in counts] == KINDS_BY_COUNT
    asked = FaissStore(DIMENSION, IndexKind.IVF)
    asked.replace(IDS, VECTORS)
    assert asked.kind is IndexKind.IVF


def test_full_vectors_of_another_index_are_refused(large: Path, tmp_path: Path) -> None:
    store = load(large)
    if not store.kind.lossy:
        pytest.skip("holds its vectors itself")
    store.save(tmp_path / "v.faiss", tmp_path / "v.json")
    np.save(tmp_path / "v.npy", MANY[:10])
    with pytest.raises(IndexDamagedError, match="do not belong together"):
        load(tmp_path)
