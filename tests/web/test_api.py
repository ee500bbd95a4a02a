from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from kbot.web.app import create_app
from kbot.web.security import MAX_BODY

if TYPE_CHECKING:
    from kbot.service import Service

CONTRACT = {
    "id", "question", "outcome", "reason", "message", "confidence", "passages", "related", "missing", "resources",
    "suggestions", "build", "elapsed_ms",
}  # fmt: skip


def ask(client: TestClient, *turns: str, status: int = 200) -> dict[str, Any]:
    response = client.post("/api/ask", json={"turns": turns, "id": "q1"})
    assert response.status_code == status
    answer: dict[str, Any] = response.json()
    return answer


def test_an_answer_is_the_object_of_the_contract(client: TestClient, scripted: Service) -> None:
    answer = ask(client, "What are the side effects?")

    assert set(answer) == CONTRACT
    assert (answer["id"], answer["question"]) == ("q1", "What are the side effects?")
    assert (answer["outcome"], answer["reason"], answer["build"]) == ("answer", None, "scripted")
    passage = answer["passages"][0]
    document = scripted.documents["faq"]
    assert passage["text"] == document.text[passage["start"] : passage["end"]]
    assert passage["source"]["page"] == f"/source/{passage['id']}"


def test_the_real_service_answers_a_question_of_the_faq_with_its_own_answer(service: Service) -> None:
    client = TestClient(create_app(service))

    answer = ask(client, "How many ketamine treatments are needed for depression?")

    assert answer["outcome"] == "answer"
    passage = answer["passages"][0]
    assert passage["heading"][-1] == "How many ketamine treatments are needed for depression?"


def test_the_last_turn_is_the_question_and_the_earlier_ones_come_before_it(client: TestClient) -> None:
    answer = ask(client, "hello", "I want to die")

    assert answer["question"] == "I want to die"
    assert answer["outcome"] == "crisis"
    assert answer["resources"][0]["name"].startswith("988")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON at line 1, column 1"),
        (b"{", "not JSON at line 1, column 2"),
        (b"\xff\xfe", "not UTF-8 at byte 1"),
        (b"[1]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"{}", '"turns" must be a list'),
        (b'{"turns": []}', '"turns" must be a list'),
        (b'{"turns": "hello"}', '"turns" must be a list'),
        (b'{"turns": ["hello", 1]}', '"turns" must be a list'),
        (b"[" * 100_000, "not JSON that can be read"),
    ],
)
def test_a_body_that_is_no_question_is_refused_with_what_is_wrong(client: TestClient, body: bytes, says: str) -> None:
    response = client.post("/api/ask", content=body)

    assert response.status_code == 400
    assert list(response.json()) == ["error"]
    assert says in response.json()["error"]


def test_a_body_over_the_limit_is_refused(client: TestClient) -> None:
    body = json.dumps({"turns": ["a" * MAX_BODY]}).encode()

    whole = client.post("/api/ask", content=body)
    in_parts = client.post("/api/ask", content=iter([body[:1000], body[1000:]]))

    assert [whole.status_code, in_parts.status_code] == [413, 413]
    assert "larger than 1000000 bytes" in whole.json()["error"]


@pytest.mark.parametrize("address", ["/gradio_api/run/predict", "/api/ask"])
def test_a_body_of_a_false_length_is_refused(client: TestClient, address: str) -> None:
    response = client.post(address, content=b"{}", headers={"content-length": "many"})

    assert response.status_code == 413


@pytest.mark.parametrize("turn", ["", " ", "\x00\x07", "שלום 👋🏽", "\ud800", "<b>x</b>", "x" * 10_000])
def test_odd_questions_are_handed_over_and_come_back_as_they_were(client: TestClient, turn: str) -> None:
    body = json.dumps({"turns": [turn]})

    response = client.post("/api/ask", content=body)

    assert response.status_code == 200
    assert response.json()["outcome"] == "clinician"
    assert response.json()["question"] == turn


def test_a_failure_inside_hands_over_and_logs_nothing_of_the_question(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="kbot.web"):
        answer = ask(client, "please break down", status=500)

    assert set(answer) == CONTRACT
    assert answer["outcome"] == "clinician"
    assert [resource["call"] for resource in answer["resources"]] == ["(949) 763-3440", "988"]
    assert "secret" not in json.dumps(answer)
    (record,) = caplog.records
    assert "RuntimeError" in record.getMessage()
    assert "secret" not in record.getMessage()
    assert "break down" not in record.getMessage()
    assert record.exc_info is None


def test_the_wrong_method_is_refused(client: TestClient) -> None:
    assert client.get("/api/ask").status_code == 405


def test_health_says_which_build_is_served(client: TestClient, scripted: Service) -> None:
    expected = {
        "status": "ok",
        "build": "scripted",
        "documents": len(scripted.documents),
        "passages": len(scripted.passages),
    }

    assert client.get("/healthz").json() == expected


def test_the_schema_describes_what_is_returned(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]

    assert set(paths) == {"/api/ask", "/healthz", "/source/{document_id}"}
    described = paths["/api/ask"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(described["properties"]) == CONTRACT
    question = paths["/api/ask"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert question["required"] == ["turns"]
