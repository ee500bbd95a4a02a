"""The running app takes up a new build: over real HTTP, while others ask."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
import shutil
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx2 as httpx
import pytest
import uvicorn

from kbot.opening import StandIn, open_for_visitors
from kbot.records import Found
from kbot.search.index import open_index
from kbot.search.manifest import kept_builds, read_manifest
from kbot.service import Service
from kbot.web.app import create_app
from kbot.web.operation import Operation
from kbot.web.renewal import Renewal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import SmallClinic

    from kbot.settings import Settings

QUESTION = "How much is a massage?"


class Served:
    """kbot on a free port of this machine; the index is looked at when the test says so."""

    def __init__(self, renewal: Renewal, port: int, loop: asyncio.AbstractEventLoop) -> None:
        self.renewal = renewal
        self.url = f"http://127.0.0.1:{port}"
        self._loop = loop

    def look(self) -> bool:
        return self.renewal.look(self._loop)

    def ask(self, client: httpx.Client, question: str = QUESTION) -> dict[str, Any]:
        response = client.post(f"{self.url}/api/ask", json={"turns": [question]})
        assert response.status_code == 200
        answer: dict[str, Any] = response.json()
        return answer


@contextlib.contextmanager
def served(settings: Settings) -> Iterator[Served]:
    settings = dataclasses.replace(settings, rate=0, log="problems", staff="off")
    operation = Operation(settings)
    renewal = Renewal(open_for_visitors(settings), lambda service: create_app(service, operation), every=None)
    ready = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            loops.append(asyncio.get_running_loop())
            ready.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(uvicorn.Config(renewal, log_level="critical", access_log=False))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        assert ready.wait(60), "the server did not start"
        yield Served(renewal, listener.getsockname()[1], loops[0])
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()
    operation.close()


def texts_of(settings: Settings) -> dict[str, str]:
    """Return the documents of the build that is served now."""
    return {key: document.text for key, document in open_index(settings).documents.items()}


def test_new_builds_are_taken_up_under_load_without_a_failed_request_or_an_answer_of_two_builds(
    small_clinic: SmallClinic,
) -> None:
    published = {small_clinic.build(40).manifest.build: texts_of(small_clinic.settings)}
    stop = threading.Event()
    failures: list[str] = []
    seen: set[str] = set()

    def ask_on(address: str) -> int:
        count = 0
        with httpx.Client(timeout=120) as client:
            while not stop.is_set():
                response = client.post(f"{address}/api/ask", json={"turns": [QUESTION]})
                answer = response.json() if response.status_code == 200 else {}
                texts = published.get(answer.get("build", ""))
                if texts is None or not answer["passages"]:
                    failures.append(response.text)
                    continue
                seen.add(answer["build"])
                for passage in answer["passages"]:
                    if texts[passage["source"]["id"]][passage["start"] : passage["end"]] != passage["text"]:
                        failures.append(response.text)
                page = client.get(f"{address}/source/massage")
                health = client.get(f"{address}/healthz")
                if page.status_code != 200 or health.json()["status"] != "ok":
                    failures.append(f"{page.status_code} {health.text}")
                count += 3
        return count

    with served(small_clinic.settings) as app, ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask_on, app.url) for _ in range(3)]
        try:
            for price in range(41, 46):
                build = small_clinic.build(price).manifest.build
                published[build] = texts_of(small_clinic.settings)
                assert app.look()
                with httpx.Client(timeout=120) as client:
                    assert app.ask(client)["build"] == build
        finally:
            stop.set()
        requests = sum(task.result() for task in asking)

    assert failures == []
    assert len(seen) > 1
    assert requests > len(published)


def test_a_question_under_way_ends_on_the_build_that_it_began_on(
    small_clinic: SmallClinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = small_clinic.build(40).manifest.build
    began, go_on = threading.Event(), threading.Event()
    ask = Service.ask

    def slow(self: Service, *turns: Any, **channel: Any) -> Any:
        if self.build == old:
            began.set()
            assert go_on.wait(60)
        return ask(self, *turns, **channel)

    monkeypatch.setattr(Service, "ask", slow)
    with served(small_clinic.settings) as app, ThreadPoolExecutor(1) as pool, httpx.Client(timeout=120) as client:
        under_way = pool.submit(app.ask, client)
        assert began.wait(60)
        new = small_clinic.build(41).manifest.build
        assert app.look()
        assert app.ask(client)["build"] == new
        go_on.set()
        answer = under_way.result()
    assert answer["build"] == old
    assert "forty" not in answer["passages"][0]["text"]
    assert "40 dollars" in answer["passages"][0]["text"]


def test_a_page_that_was_loaded_before_a_new_build_goes_on_asking(small_clinic: SmallClinic) -> None:
    small_clinic.build(40)
    with served(small_clinic.settings) as app, httpx.Client(timeout=120) as client:
        asking = client.get(f"{app.url}/config").json()["dependencies"][0]
        small_clinic.build(41)
        assert app.look()
        data = {"data": [QUESTION, "", []], "fn_index": asking["id"], "session_hash": "x"}
        response = client.post(f"{app.url}/gradio_api/run/predict", json=data)
    assert response.status_code == 200
    assert "41 dollars" in response.text


def test_the_clinics_new_number_stands_on_every_page_with_the_new_build(small_clinic: SmallClinic) -> None:
    small_clinic.build(40)
    with served(small_clinic.settings) as app, httpx.Client(timeout=120) as client:
        path = small_clinic.settings.corpus / "clinic.toml"
        small_clinic.write(40)
        path.write_text(path.read_text().replace("010-0100", "010-0199"), encoding="utf-8")
        from kbot.ingest.build import build

        build(small_clinic.settings)
        assert app.look()
        page = client.get(app.url).text
    assert "(555) 010-0199" in page
    assert "(555) 010-0100" not in page


def test_a_broken_build_leaves_the_one_that_is_served_and_says_so(
    small_clinic: SmallClinic, caplog: pytest.LogCaptureFixture
) -> None:
    old = small_clinic.build(40).manifest.build
    with served(small_clinic.settings) as app, httpx.Client(timeout=120) as client:
        broken = small_clinic.build(41).manifest
        damaged = broken.folder(small_clinic.settings.index) / "passages.json"
        whole = damaged.read_bytes()
        damaged.write_bytes(whole[:-1])
        assert not app.look()
        assert app.ask(client)["build"] == old
        assert client.get(f"{app.url}/healthz").json()["status"] == "degraded"
        assert f"build {old} is still served" in str(app.renewal.service.trouble)
        assert "passages.json was altered or cut short" in caplog.text

        assert small_clinic.build(42).manifest.build != broken.build
        assert app.look()
        assert "42 dollars" in app.ask(client)["passages"][0]["text"]
        assert client.get(f"{app.url}/healthz").json()["status"] == "ok"


def test_an_index_that_vanishes_leaves_the_build_that_is_served(small_clinic: SmallClinic) -> None:
    old = small_clinic.build(40).manifest.build
    with served(small_clinic.settings) as app, httpx.Client(timeout=120) as client:
        shutil.rmtree(small_clinic.settings.index)
        assert not app.look()
        answer = app.ask(client)
        assert client.get(f"{app.url}/healthz").json()["status"] == "degraded"
        assert client.get(f"{app.url}/source/massage").status_code == 200
    assert (answer["build"], answer["outcome"]) == (old, "answer")


def test_without_any_index_danger_is_answered_and_all_else_handed_over_until_a_build_appears(
    small_clinic: SmallClinic,
) -> None:
    small_clinic.write(40)
    with served(small_clinic.settings) as app, httpx.Client(timeout=120) as client:
        assert isinstance(app.renewal.service, StandIn)
        assert client.get(f"{app.url}/healthz").json()["status"] == "degraded"
        assert client.get(app.url).status_code == 200
        assert client.get(f"{app.url}/source/massage").status_code == 404
        crisis = app.ask(client, "I want to kill myself")
        emergency = app.ask(client, "I can't breathe")
        other = client.post(f"{app.url}/api/ask", json={"turns": [QUESTION]})

        small_clinic.build(40)
        assert app.look()
        answer = app.ask(client)
        assert client.get(f"{app.url}/healthz").json()["status"] == "ok"

    assert crisis["outcome"] == "crisis"
    assert "988" in {person["call"] for person in crisis["resources"]}
    assert emergency["outcome"] == "emergency"
    assert "911" in {person["call"] for person in emergency["resources"]}
    assert (other.status_code, other.json()["outcome"]) == (500, "clinician")
    assert {person["call"] for person in other.json()["resources"]} == {"(555) 010-0100", "988"}
    assert answer["outcome"] == "answer"


def test_a_damaged_build_falls_back_to_the_one_before_it(small_clinic: SmallClinic) -> None:
    old = small_clinic.build(40).manifest.build
    new = small_clinic.build(41).manifest
    (new.folder(small_clinic.settings.index) / "documents.json").unlink()
    service = open_for_visitors(small_clinic.settings)
    answer = service.ask([QUESTION]).answer
    assert isinstance(answer, Found)
    assert "40 dollars" in answer.passages[0].text
    assert service.build == old
    assert "documents.json can't be read" in str(service.trouble)


def test_without_index_and_clinic_facts_there_is_nobody_to_hand_over_to(small_clinic: SmallClinic) -> None:
    from kbot.errors import IndexUnusableError

    with pytest.raises(IndexUnusableError, match=r"no index in .*clinic\.toml:1: the file is missing"):
        open_for_visitors(small_clinic.settings)


def test_every_build_but_the_first_names_the_one_before_it(small_clinic: SmallClinic) -> None:
    builds = [small_clinic.build(price).manifest for price in (40, 41, 42, 43)]
    kept = {manifest.directory: manifest.before for manifest in kept_builds(small_clinic.settings.index)}
    assert kept == {later.directory: before.directory for before, later in itertools.pairwise(builds)}
    assert read_manifest(small_clinic.settings.index) == builds[-1]
    assert json.loads((builds[-1].folder(small_clinic.settings.index) / "manifest.json").read_text())["seal"]
    assert dataclasses.asdict(builds[-1])["before"] == builds[-2].directory
