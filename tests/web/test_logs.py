from __future__ import annotations

import contextlib
import io
import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from kbot.service import Service
from kbot.web.app import create_app
from kbot.web.asking import report
from kbot.web.logs import configure_logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kbot.settings import Settings

ADDRESS = "192.0.2.77"
CONVERSATION = [
    "Does Adaline Quarles get ketamine for her migraines?",
    "I want to kill myself, signed Adaline",
    "Adaline took too many pills",
    "What are the side effects?",
]
LOGGERS = ("kbot", "kbot.requests", "uvicorn")


@contextlib.contextmanager
def logging_to(stream: io.StringIO, settings: Settings) -> Iterator[None]:
    """Log as a server does, and put everything back."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in loggers]
    configure_logs(settings, stream)
    yield
    for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def converse(service: Service, log: str) -> list[dict[str, Any]]:
    """Return the lines that are logged of a conversation through both faces, of pages and of wrong addresses."""
    stream = io.StringIO()
    settings = replace(service.settings, log=log, staff="off")
    client = TestClient(
        create_app(Service(settings, service.bot.index)), client=(ADDRESS, 50000), raise_server_exceptions=False
    )
    with logging_to(stream, settings):
        turns: list[str] = []
        memory, history = "", list[Any]()
        for question in CONVERSATION:
            turns.append(question)
            client.post("/api/ask", json={"turns": turns, "id": "Adaline"})
            body = {"data": [question, memory, history], "fn_index": 0, "session_hash": "adaline"}
            _, memory, history, *_ = client.post("/gradio_api/run/predict", json=body).json()["data"]
        for path in ("/source/faq?q=Adaline", "/Adaline", "/healthz", "/"):
            client.get(path, headers={"user-agent": "Adaline", "referer": "https://example.org/Adaline"})
        client.post("/api/ask", content=b'{"turns": "Adaline')
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_request_is_a_line_of_json_with_its_id_route_status_and_time(service: Service) -> None:
    lines = converse(service, "requests")

    routes = [line["route"] for line in lines]
    assert routes == ["/api/ask", "chat"] * 4 + ["/source", "other", "/", "/api/ask"]
    assert [line["status"] for line in lines][-4:] == [200, 404, 200, 400]
    assert len({line["request"] for line in lines}) == len(lines)
    assert all(line["ms"] > 0 and line["level"] == "info" for line in lines)


@pytest.mark.parametrize("log", ["problems", "requests", "addresses"])
def test_no_word_of_a_conversation_is_logged_whatever_is_logged(service: Service, log: str) -> None:
    logged = json.dumps(converse(service, log)).lower()

    for word in ("adaline", "quarles", "migraine", "kill", "pills", "side effects"):
        assert word not in logged


def test_addresses_are_logged_only_where_the_settings_say_so(service: Service) -> None:
    assert converse(service, "problems") == []
    assert ADDRESS not in json.dumps(converse(service, "requests"))
    assert {line["address"] for line in converse(service, "addresses")} == {ADDRESS}


def test_an_error_is_logged_as_its_types_and_places_without_its_message(service: Service) -> None:
    stream = io.StringIO()
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # as a server that was told to be quiet leaves it
    with logging_to(stream, service.settings):
        try:
            int("Adaline's secret")
        except ValueError as error:
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
            report(error)

    assert "secret" not in stream.getvalue()
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["error"] == "ValueError"
    assert "test_logs.py" in first["places"][0]
    assert "ValueError" in second["event"]


def test_a_response_names_the_request_that_the_log_names(client: TestClient) -> None:
    first, second = (client.get("/healthz").headers["x-request-id"] for _ in range(2))

    assert len(first) == 16
    assert first != second
