"""Milvus is gone for a while: people in danger get their reply, all others the clinic's number; then it goes on."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from tests.servers import wait_until

from kbot.errors import StoreUnavailableError
from kbot.ingest.build import build
from kbot.opening import open_for_visitors
from kbot.records import Document, Kind
from kbot.search.milvus import MilvusStore
from kbot.search.retriever import readable
from kbot.service import Service
from kbot.settings import Settings
from kbot.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import HandmadeIndex, SmallClinic
    from tests.servers import Milvus

QUESTION, CRISIS, EMERGENCY = "How much is a massage?", "I want to kill myself", "I can't breathe"
TEXT = "# Massage\n\nA massage loosens the muscles of the back.\n\n## Prices\n\nA massage costs 40 dollars.\n"
CALLERS = 4
Told = tuple[int, str]  # the status of a reply, and its outcome


PAGE = Document("massage", "Massage", Kind.CLINIC_ARTICLE, TEXT, 0, "massage.md")
# Nothing is remembered: each question is searched for.
QUIET = Settings(journal="off", cache=0, rate=0, staff="off", metrics="on", log="problems")


@pytest.fixture
def settings(small_clinic: SmallClinic, milvus: Milvus) -> Settings:
    """A small clinic whose vectors are in Milvus."""
    places = small_clinic.settings
    settings = dataclasses.replace(QUIET, corpus=places.corpus, index=places.index, store=f"milvus+{milvus.address}")
    small_clinic.write(40)
    build(settings)
    return settings


def client_of(settings: Settings) -> TestClient:
    return TestClient(create_app(open_for_visitors(settings)), raise_server_exceptions=False)


def ask(client: TestClient, question: str) -> tuple[Told, dict[str, Any]]:
    response = client.post("/api/ask", json={"turns": [question]})
    answer: dict[str, Any] = response.json()
    return (response.status_code, answer["outcome"]), answer


def calls(answer: dict[str, Any]) -> set[str]:
    return {person["call"] for person in answer["resources"]}


def test_without_milvus_danger_is_answered_all_else_handed_over_and_nothing_restarted(
    settings: Settings, milvus: Milvus
) -> None:
    served = client_of(settings)
    found, answer = ask(served, QUESTION)
    assert found == (200, "answer")
    assert answer["passages"][0]["text"] == "A massage costs 40 dollars."

    milvus.stop()
    started_meanwhile = client_of(settings)
    for client in (served, started_meanwhile):
        for question, outcome, people in (
            (CRISIS, "crisis", {"988"}),
            (EMERGENCY, "emergency", {"911", "1-800-222-1222"}),
        ):
            said, answer = ask(client, question)
            assert said == (200, outcome)
            assert people <= calls(answer)
        for _ in range(3):
            said, answer = ask(client, QUESTION)
            assert (said, answer["passages"], answer["related"]) == ((500, "clinician"), [], [])
            assert {"(555) 010-0100", "988"} <= calls(answer)
            assert "911" in answer["message"]
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["answering"]) == (503, "failing")
        assert client.get("/healthz").status_code == 200
        assert 'kbot_refused_total{channel="rest",why="failed"} 3.0' in client.get("/metrics").text

    milvus.start()
    wait_until(lambda: ask(served, QUESTION)[0] == (200, "answer"), "Milvus is not found again")
    wait_until(lambda: ask(started_meanwhile, QUESTION)[0] == (200, "answer"), "Milvus is not found at all")
    for client in (served, started_meanwhile):
        assert client.get("/readyz").status_code == 200


def test_milvus_that_goes_and_comes_under_load_fails_no_reply_to_danger_and_is_found_again(
    handmade: HandmadeIndex, milvus: Milvus
) -> None:
    index = handmade(PAGE, topics={"prices": ([QUESTION, "massage price"], ["A massage costs 40 dollars."])})
    texts = [readable(passage, PAGE.text) for passage in index.passages.values()]
    store = MilvusStore(milvus.address, index.manifest.dimension)
    store.replace(list(index.passages), index.encoder.encode(texts))
    store.close()
    service = Service(QUIET, dataclasses.replace(index, vectors=store))
    client = TestClient(create_app(service), raise_server_exceptions=False)
    stop = threading.Event()
    replies: list[tuple[str, Told]] = []

    def go_on() -> None:
        for question in itertools.cycle([QUESTION, CRISIS]):
            if stop.wait(0.01):
                return
            replies.append((question, ask(client, question)[0]))

    def last_found() -> bool:
        return [told for question, told in replies if question == QUESTION][-CALLERS:] == [(200, "answer")] * CALLERS

    def last_refused() -> bool:
        return (QUESTION, (500, "clinician")) in replies

    with ThreadPoolExecutor(CALLERS) as pool:
        callers = [pool.submit(go_on) for _ in range(CALLERS)]
        try:
            wait_until(last_found, "nothing is found before")
            milvus.stop()
            wait_until(last_refused, "nobody notices that Milvus is gone")
            milvus.start()
            wait_until(last_found, "Milvus is not found again")
        finally:
            stop.set()
        for caller in callers:
            caller.result()

    assert {told for question, told in replies if question == CRISIS} == {(200, "crisis")}
    assert {told for question, told in replies if question == QUESTION} == {(200, "answer"), (500, "clinician")}


# What a thread may meet that the other threads of the same store are in the middle of.


class Connection:
    """Stands in for pymilvus's client: its searches fail where they are told to, and only once it was loaded."""

    def __init__(self) -> None:
        self.loaded = self.closed = False
        self.searching, self.go_on = threading.Event(), threading.Event()
        self.slow = False

    def load_collection(self, _: str, **__: object) -> None:
        self.loaded = True

    def search(self, _: str, **__: object) -> list[list[dict[str, object]]]:
        if self.slow:
            self.searching.set()
            self.go_on.wait(30)
            raise TimeoutError
        assert self.loaded
        assert not self.closed
        return [[{"id": "a", "distance": 1.0}]]

    def close(self) -> None:
        self.closed = True


class Store(MilvusStore):
    """A store with such connections."""

    def __init__(self, connections: Iterator[Connection], *, rest: float = 0.0) -> None:
        super().__init__("http://127.0.0.1:1", 2, rest=rest)
        self._connections = connections

    def _connect(self, seconds: float) -> Any:
        del seconds
        if self._client is None:
            self._client = next(self._connections)
        return self._client


ANY = np.array([1.0, 0.0], dtype=np.float32)


def test_a_search_that_hung_on_the_old_connection_does_not_end_the_new_one() -> None:
    old, new = Connection(), Connection()
    store = Store(iter([old, new]), rest=3600)
    store.search(ANY, 1)
    old.slow = True
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(store.search, ANY, 1)
        assert old.searching.wait(30)
        store.close()  # as the failure of another search does
        store.search(ANY, 1)
        old.go_on.set()
        with pytest.raises(StoreUnavailableError):
            hanging.result(30)

    assert store.search(ANY, 1) == [("a", 1.0)]
    assert not new.closed


def test_several_threads_make_one_connection_and_search_it_once_it_is_loaded() -> None:
    loading, together = threading.Event(), threading.Barrier(CALLERS + 1)

    class Slow(Connection):
        def load_collection(self, _: str, **__: object) -> None:
            loading.wait(30)
            self.loaded = True

    made: list[Connection] = []

    def make() -> Iterator[Connection]:
        while True:
            made.append(Slow())
            yield made[-1]

    store = Store(make())

    def search() -> list[tuple[str, float]]:
        together.wait(30)
        return store.search(ANY, 1)

    with ThreadPoolExecutor(CALLERS) as pool:
        found = [pool.submit(search) for _ in range(CALLERS)]
        together.wait(30)
        threading.Event().wait(0.2)  # long enough for the others to come past one that doesn't wait
        loading.set()
        assert [each.result(30) for each in found] == [[("a", 1.0)]] * CALLERS
    assert len(made) == 1
