from __future__ import annotations

import dataclasses
import importlib.util
import socket
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.servers import Milvus

from kbot.errors import IndexDamagedError, SettingsError, StoreUnavailableError
from kbot.search.milvus import MilvusStore, open_vectors, publish_vectors
from kbot.search.vectors import FaissStore, VectorStore
from kbot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("milvus_lite") is None,
    reason='Milvus Lite is not installed: pip install "pymilvus[milvus-lite]"',
)
DIMENSION = 24


def unit_vectors(count: int, seed: int) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    unit: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


VECTORS = unit_vectors(60, seed=7)
IDS = [f"page#über-{number}~{number % 3}" for number in range(60)]
QUESTIONS = unit_vectors(5, seed=8)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Milvus]:
    server = Milvus(tmp_path_factory.mktemp("milvus"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def store(server: Milvus) -> Iterator[MilvusStore]:
    store = MilvusStore(server.address, DIMENSION, patience=20, rest=0)
    store.replace(IDS, VECTORS)
    yield store
    store.close()


def test_milvus_finds_what_faiss_finds_with_the_same_cosines(store: MilvusStore) -> None:
    exact = FaissStore(DIMENSION)
    exact.replace(IDS, VECTORS)
    stores: list[VectorStore] = [store, exact]
    for question in QUESTIONS:
        ours, theirs = (each.search(question, 10) for each in stores)
        assert [id_ for id_, _ in ours] == [id_ for id_, _ in theirs]
        assert [cosine for _, cosine in ours] == pytest.approx([cosine for _, cosine in theirs], abs=1e-5)


def test_a_vector_in_milvus_is_at_cosine_one_of_itself_and_minus_one_of_its_opposite(server: Milvus) -> None:
    store = MilvusStore(server.address, DIMENSION, patience=20)
    store.replace(["same", "opposite"], np.stack([QUESTIONS[0], -QUESTIONS[0]]))
    assert dict(store.search(QUESTIONS[0], 2)) == pytest.approx({"same": 1.0, "opposite": -1.0}, abs=1e-5)
    store.close()


def test_no_more_are_found_than_asked_for_or_than_there_are(store: MilvusStore) -> None:
    assert [len(store.search(QUESTIONS[0], k)) for k in (-1, 0, 1, 100)] == [0, 0, 1, 60]
    assert len(store) == 60


def test_vectors_of_another_shape_are_refused(store: MilvusStore) -> None:
    with pytest.raises(ValueError, match=r"vectors have shape \(2, 24\)"):
        store.replace(["a", "b", "c"], VECTORS[:2])


def test_a_reader_keeps_the_vectors_of_its_build_while_the_alias_moves_to_the_next(
    server: Milvus, tmp_path: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    publish_vectors(server.address, old, IDS, VECTORS)
    reader = open_vectors(server.address, old, DIMENSION)
    before = reader.search(QUESTIONS[0], 5)
    publish_vectors(server.address, new, ["only"], VECTORS[:1])
    alias = MilvusStore(server.address, DIMENSION, patience=20)
    assert reader.search(QUESTIONS[0], 5) == before
    assert [id_ for id_, _ in alias.search(QUESTIONS[0], 5)] == ["only"]
    assert [id_ for id_, _ in open_vectors(server.address, new, DIMENSION).search(QUESTIONS[0], 5)] == ["only"]


def test_while_milvus_is_gone_a_search_says_so_and_afterwards_it_finds_again(tmp_path: Path) -> None:
    server = Milvus(tmp_path / "data")
    server.start()
    store = MilvusStore(server.address, DIMENSION, patience=5, rest=0)
    store.replace(IDS, VECTORS)
    before = store.search(QUESTIONS[0], 5)
    server.stop()
    with pytest.raises(StoreUnavailableError, match=rf"Milvus at 127\.0\.0\.1:{server.port} doesn't answer"):
        store.search(QUESTIONS[0], 5)
    server.start()
    try:
        deadline = time.monotonic() + 60
        found: list[tuple[str, float]] = []
        while not found and time.monotonic() < deadline:
            try:
                found = store.search(QUESTIONS[0], 5)
            except StoreUnavailableError:
                time.sleep(0.2)  # its client waits a moment before it connects again
        assert found == before
    finally:
        store.close()
        server.stop()


def test_right_after_a_failure_nobody_waits_for_milvus_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    store = MilvusStore(f"http://someone:secret@127.0.0.1:{port}", DIMENSION, patience=1, rest=3600)
    with pytest.raises(StoreUnavailableError, match="doesn't answer") as first:
        store.search(QUESTIONS[0], 5)
    with pytest.raises(StoreUnavailableError, match="a moment ago") as second:
        store.search(QUESTIONS[0], 5)
    assert "secret" not in f"{first.value} {second.value}"


def test_a_build_that_is_not_in_milvus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexDamagedError, match=r"store\.json .*Run `kbot build`, or unset KBOT_STORE"):
        open_vectors("http://127.0.0.1:1", tmp_path, DIMENSION)


@pytest.mark.parametrize("store", ["milvus", "milvus+", "postgres", ""])
def test_a_store_that_kbot_does_not_know_is_refused(store: str) -> None:
    with pytest.raises(SettingsError, match="KBOT_STORE"):
        dataclasses.replace(Settings(), store=store)
