"""Many ask at once, and one asks too often: what is answered, what is refused, and that danger never is."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from kbot.answering.urgent import LastResort
from kbot.records import Asked
from kbot.web.app import create_app
from kbot.web.asking import AT_ONCE, BUSY_FOR, Asking
from kbot.web.health import Health
from kbot.web.limits import BURST, EACH, EARLIER_FREE, weight
from kbot.web.line import Line
from kbot.web.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from httpx2 import Response
    from tests.conftest import ScriptedService

    from kbot.settings import Settings

PHONE = "(949) 763-3440"
CHAT = "/gradio_api/run/predict"
PROXY = "127.0.0.1"


def operation_of(settings: Settings, *, places: int = 0, workers: int = 1) -> Operation:
    return Operation(settings, line=Line(places, workers=workers))


@pytest.fixture(autouse=True)
def the_clock_of_the_limits_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window ends between two questions of a test."""
    monkeypatch.setattr("limits.storage.memory.time", SimpleNamespace(time=lambda: 1_000_000.0))


@pytest.fixture
def service(scripted: ScriptedService) -> ScriptedService:
    """A scripted service that recognises danger by the reviewed patterns, and remembers one question."""

    class RememberingService(type(scripted)):  # type: ignore[misc]
        _last_resort = LastResort(scripted.clinic)
        _recorder = None

        def recall(self, turns: Sequence[str], *, channel: str) -> Asked | None:
            known = turns[-1] == "what did I ask before"
            return Asked(self.ask(["side effects"], channel=channel).answer, self.build, 0.1) if known else None

    made: ScriptedService = RememberingService(replace(scripted.settings, staff="off"))
    return made


@pytest.fixture
def crowded(service: ScriptedService) -> Iterator[TestClient]:
    """A client of a web app whose only worker is busy and whose line has no place."""
    operation = operation_of(service.settings)
    gate, begun = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        gate.wait()

    async def occupy() -> None:
        await operation.line.run(work)

    holder = threading.Thread(target=lambda: asyncio.run(occupy()))
    holder.start()
    begun.wait()
    yield TestClient(create_app(service, operation))
    gate.set()
    holder.join()
    operation.close()


def asked_in_chat(client: TestClient, question: str) -> str:
    body: dict[str, Any] = {"data": [question, "", []], "fn_index": 0, "session_hash": "s"}
    response = client.post(CHAT, json=body)
    assert response.status_code == 200
    return str(response.json()["data"][2][-1]["content"])


def test_a_question_that_finds_no_place_is_handed_over_with_the_clinics_number_and_988(crowded: TestClient) -> None:
    response = crowded.post("/api/ask", json={"turns": ["side effects"], "id": "q1"})

    assert response.status_code == 503
    assert response.headers["retry-after"] == str(BUSY_FOR)
    answer = response.json()
    assert (answer["id"], answer["question"], answer["outcome"]) == ("q1", "side effects", "clinician")
    assert [person["call"] for person in answer["resources"]] == [PHONE, "988"]
    assert PHONE in answer["message"]
    assert "988" in answer["message"]


def test_the_chat_shows_a_card_with_both_numbers_when_there_is_no_place(crowded: TestClient) -> None:
    card = asked_in_chat(crowded, "side effects")

    assert 'href="tel:+19497633440"' in card
    assert 'href="tel:988"' in card


@pytest.mark.parametrize(
    ("question", "outcome"), [("I want to kill myself", "crisis"), ("I took too many pills", "emergency")]
)
def test_people_in_danger_get_their_reply_when_there_is_no_place(
    crowded: TestClient, question: str, outcome: str
) -> None:
    response = crowded.post("/api/ask", json={"turns": [question]})

    assert (response.status_code, response.json()["outcome"]) == (200, outcome)
    assert "988" in asked_in_chat(crowded, question)


def test_what_is_remembered_is_answered_when_there_is_no_place(crowded: TestClient) -> None:
    assert crowded.post("/api/ask", json={"turns": ["what did I ask before"]}).json()["outcome"] == "answer"


def test_a_crowded_kbot_is_alive_and_says_that_it_takes_nothing_more(crowded: TestClient) -> None:
    assert crowded.get("/healthz").json()["status"] == "ok"
    ready = crowded.get("/readyz")
    assert (ready.status_code, ready.json()["line"]) == (503, "full")


def limited(service: ScriptedService, rate: int, *, trusted: str = PROXY, peer: str = PROXY) -> TestClient:
    service.settings = replace(service.settings, rate=rate, trusted_proxies=trusted)
    app = create_app(service, operation_of(service.settings, places=10))
    return TestClient(app, client=(peer, 50000))


def statuses(client: TestClient, count: int, **headers: str) -> list[int]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return [client.post("/api/ask", json={"turns": ["hello"]}, headers=sent).status_code for _ in range(count)]


def test_an_address_that_asks_too_often_is_handed_over_and_others_are_answered(service: ScriptedService) -> None:
    client = limited(service, rate=9)  # three of them within a burst

    assert statuses(client, 4, x_forwarded_for="192.0.2.7") == [200, 200, 200, 429]
    assert statuses(client, 1, x_forwarded_for="192.0.2.8") == [200]
    refused = client.post("/api/ask", json={"turns": ["hello"]}, headers={"x-forwarded-for": "192.0.2.7"})
    assert 1 <= int(refused.headers["retry-after"]) <= 2 * BURST
    assert refused.json()["outcome"] == "clinician"
    assert PHONE in refused.json()["message"]


def test_the_devices_of_one_household_share_their_network(service: ScriptedService) -> None:
    client = limited(service, rate=3)

    assert statuses(client, 1, x_forwarded_for="2001:db8:0:1::a") == [200]
    assert statuses(client, 1, x_forwarded_for="2001:db8:0:1::b") == [429]
    assert statuses(client, 1, x_forwarded_for="2001:db8:0:2::a") == [200]


@pytest.mark.parametrize(("question", "outcome"), [("I want to die", "crisis"), ("I can't breathe", "emergency")])
def test_people_in_danger_are_never_limited(service: ScriptedService, question: str, outcome: str) -> None:
    client = limited(service, rate=1)
    headers = {"x-forwarded-for": "192.0.2.7"}

    for _ in range(5):
        response = client.post("/api/ask", json={"turns": [question]}, headers=headers)
        assert (response.status_code, response.json()["outcome"]) == (200, outcome)


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.1.2.3", "not an address"])
def test_visitors_whose_addresses_no_trusted_proxy_tells_are_not_counted_as_one(
    service: ScriptedService, peer: str
) -> None:
    client = limited(service, rate=1, trusted="", peer=peer)

    assert statuses(client, 5, x_forwarded_for="192.0.2.7") == [200] * 5


def test_nobody_gets_round_the_limit_by_naming_another_address(service: ScriptedService) -> None:
    client = limited(service, rate=3, trusted=PROXY, peer="8.8.8.8")
    told = [f"192.0.2.{number}" for number in range(3)]

    assert [statuses(client, 1, x_forwarded_for=address)[0] for address in told] == [200, 429, 429]


def test_a_limit_of_0_is_none(service: ScriptedService) -> None:
    assert statuses(limited(service, rate=0), 20, x_forwarded_for="192.0.2.7") == [200] * 20


@pytest.mark.parametrize(
    ("lengths", "counts"),
    [
        ([], 1), ([0], 1), ([EACH], 1), ([EACH + 1], 2), ([2_000], 8), ([20_000], 80),
        ([50] * 30, 1), ([EARLIER_FREE + 1, 10], 2), ([2_000, 1_000, 300], 5), ([20_000, 20_000, 10], 18),
    ],
)  # fmt: skip
def test_a_conversation_counts_by_what_is_read_of_it(lengths: list[int], counts: int) -> None:
    assert weight(["a" * length for length in lengths]) == counts


LONG = "hello " * 625  # counts for 15 questions, and for 5 as an earlier turn


def asked_long(client: TestClient, question: str, *before: str) -> Response:
    return client.post("/api/ask", json={"turns": [*before, question]}, headers={"x-forwarded-for": "192.0.2.7"})


@pytest.mark.parametrize(("before", "question", "times"), [((), LONG, 2), ((LONG,), "hello", 5)])
def test_long_messages_use_up_sooner_what_an_address_may_ask(
    service: ScriptedService, before: tuple[str, ...], question: str, times: int
) -> None:
    client = limited(service, rate=96)  # 32 of them within a burst

    assert [asked_long(client, question, *before).status_code for _ in range(times + 1)] == [200] * times + [429]
    # Whoever shares the address still has what is left, and others have all.
    assert statuses(client, 3, x_forwarded_for="192.0.2.7") == [200, 200, 429]
    assert statuses(client, 1, x_forwarded_for="192.0.2.8") == [200]


def test_where_little_may_be_asked_a_long_message_is_still_answered(service: ScriptedService) -> None:
    client = limited(service, rate=9)

    assert [asked_long(client, LONG).status_code for _ in range(2)] == [200, 429]


def test_who_is_refused_is_not_counted(service: ScriptedService) -> None:
    client = limited(service, rate=30)  # ten within a burst
    assert statuses(client, 6, x_forwarded_for="192.0.2.7") == [200] * 6

    assert [asked_long(client, LONG).status_code for _ in range(9)] == [429] * 9
    assert statuses(client, 5, x_forwarded_for="192.0.2.7") == [200] * 4 + [429]


@pytest.mark.parametrize("rate", [1, 96])  # the long message is looked through aside
@pytest.mark.parametrize(("question", "outcome"), [("I want to die", "crisis"), ("I can't breathe", "emergency")])
def test_danger_at_the_end_of_a_long_message_is_met_whatever_the_limit_says(
    service: ScriptedService, question: str, outcome: str, rate: int
) -> None:
    client = limited(service, rate=rate)

    for _ in range(5):
        response = asked_long(client, f"{LONG}. {question}.")
        assert (response.status_code, response.json()["outcome"]) == (200, outcome)


def test_looking_through_a_long_message_that_is_refused_keeps_nobody_else_waiting(service: ScriptedService) -> None:
    begun, gate = threading.Event(), threading.Event()
    look = service.urgent

    def look_long(turns: Sequence[str], *, channel: str) -> Asked | None:
        if len(turns[-1]) > AT_ONCE:
            begun.set()
            gate.wait()
        return look(turns, channel=channel)

    service.urgent = look_long  # type: ignore[method-assign]
    service.settings = replace(service.settings, rate=1)
    asking = Asking(service, operation_of(service.settings, places=10))
    scope: dict[str, Any] = {"type": "http", "client": ("8.8.8.8", 1), "headers": []}

    async def run() -> list[int]:
        first = await asking.ask(["hello"], channel="rest", scope=scope)
        long = asyncio.create_task(asking.ask([LONG], channel="rest", scope=scope))
        await asyncio.to_thread(begun.wait)
        meanwhile = await asking.ask(["I want to die"], channel="rest", scope=scope)
        gate.set()
        return [first.status, meanwhile.status, (await long).status]

    assert asyncio.run(run()) == [200, 200, 429]


def test_what_fails_three_times_in_a_row_is_not_ready_and_one_answer_makes_it_so(service: ScriptedService) -> None:
    operation = operation_of(service.settings, places=10)
    client = TestClient(create_app(service, operation))
    assert client.get("/readyz").json()["status"] == "ready"

    for _ in range(3):
        assert client.post("/api/ask", json={"turns": ["please break down"]}).status_code == 500
    assert (client.get("/readyz").status_code, client.get("/readyz").json()["answering"]) == (503, "failing")

    client.post("/api/ask", json={"turns": ["hello"]})
    assert client.get("/readyz").status_code == 200


def test_what_fails_is_tried_again_after_a_rest_and_not_ready_at_once_if_it_still_does() -> None:
    now = 100.0
    health = Health(most=3, rest=30.0, clock=lambda: now)
    for _ in range(3):
        health.tell(failed=True)
    now = 129.0
    assert health.failing
    now = 130.0
    assert not health.failing
    health.tell(failed=True)
    assert health.failing


def test_a_memory_that_fails_costs_nobody_the_answer(service: ScriptedService) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    service.recall = fail  # type: ignore[method-assign]
    client = TestClient(create_app(service, operation_of(service.settings, places=10)))

    assert client.post("/api/ask", json={"turns": ["side effects"]}).json()["outcome"] == "answer"


def test_many_at_once_all_get_their_own_answer(service: ScriptedService) -> None:
    asking = Asking(service, operation_of(service.settings, places=100, workers=2))
    scope: dict[str, Any] = {"type": "http", "client": None, "headers": []}

    async def run() -> list[str]:
        replies = await asyncio.gather(*(asking.ask([f"hello {n}"], channel="rest", scope=scope) for n in range(100)))
        return [json.dumps(reply.asked.answer.question) for reply in replies]

    assert asyncio.run(run()) == [json.dumps(f"hello {n}") for n in range(100)]
