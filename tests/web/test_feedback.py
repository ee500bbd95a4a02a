from __future__ import annotations

import dataclasses
import datetime
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from kbot.journal.store import Journal
from kbot.service import Service
from kbot.web.app import create_app
from kbot.web.chat import Conversation, Memory
from kbot.web.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kbot.journal.entries import JournalEntry

QUESTION = "What are the side effects of ketamine treatment for depression?"


@pytest.fixture
def journalling(service: Service, tmp_path: Path) -> Iterator[Service]:
    """The real service, writing into a journal of its own."""
    opened = Service.open(dataclasses.replace(service.settings, journal=str(tmp_path / "journal.db")))
    yield opened
    opened.close()


def written(service: Service) -> list[JournalEntry]:
    service.close()
    journal = Journal.open(service.settings.journal)
    entries = list(
        journal.entries(
            datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC), datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)
        )
    )
    journal.close()
    return entries


def card(service: Service, question: str) -> str:
    conversation = Conversation(service, Templates(service.clinic, "1"))
    return str(conversation.reply(question, Memory(), [], "")[1][-1]["content"])


def ticket(html: str) -> str:
    (found,) = re.findall(r'kb-ticket-([\w-]+)"', html)
    return str(found)


def test_what_a_visitor_says_of_an_answer_stands_in_the_journal(journalling: Service) -> None:
    given = ticket(card(journalling, QUESTION))
    client = TestClient(create_app(journalling))
    reply = client.post("/api/feedback", json={"ticket": given, "helpful": False, "reason": "I am Ingrid Solheim."})

    assert (reply.status_code, reply.json()) == (200, {"html": ""})
    (entry,) = written(journalling)
    assert (entry.question, entry.channel, entry.helpful) == (QUESTION, "chat", False)
    assert "Ingrid" not in entry.feedback


def test_a_reason_that_is_a_cry_for_help_is_answered_and_not_kept(journalling: Service) -> None:
    given = ticket(card(journalling, QUESTION))
    client = TestClient(create_app(journalling))
    reply = client.post("/api/feedback", json={"ticket": given, "helpful": False, "reason": "I want to kill myself"})

    assert 'href="tel:988"' in reply.json()["html"]
    (entry,) = written(journalling)
    assert entry.feedback == ""


def test_nobody_is_asked_after_a_crisis_or_without_a_journal(journalling: Service, service: Service) -> None:
    assert "kb-helpful" not in card(journalling, "I want to kill myself")
    assert "kb-helpful" not in card(service, QUESTION)


def test_feedback_has_a_limit_of_its_own_and_a_cry_for_help_has_none(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("limits.storage.memory.time", SimpleNamespace(time=lambda: 1_000_000.0))
    limited = dataclasses.replace(
        service.settings, journal=str(tmp_path / "journal.db"), rate=6, trusted_proxies="127.0.0.1"
    )
    opened = Service.open(limited)
    given = ticket(card(opened, QUESTION))
    client = TestClient(create_app(opened), client=("127.0.0.1", 1), headers={"x-forwarded-for": "192.0.2.7"})

    def say(reason: str) -> tuple[int, dict[str, str]]:
        reply = client.post("/api/feedback", json={"ticket": given, "helpful": False, "reason": reason})
        return reply.status_code, reply.json()

    assert [say(reason)[0] for reason in ("", "too short", "", "too short")] == [200, 200, 429, 429]
    assert client.post("/api/ask", json={"turns": [QUESTION]}).status_code == 200
    status, reply = say("I want to kill myself")
    assert (status, 'href="tel:988"' in reply["html"]) == (200, True)
    entry, _ = written(opened)
    assert entry.feedback == "too short"
    opened.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"ticket": 1, "helpful": true}',
        b'{"ticket": "a", "helpful": "yes"}',
        b"\xff",
        b"[" * 9999,
    ],
)
def test_what_is_no_feedback_is_refused(client: TestClient, body: bytes) -> None:
    assert client.post("/api/feedback", content=body).status_code == 400


def test_the_privacy_note_says_how_long_questions_are_kept(journalling: Service, service: Service) -> None:
    kept = TestClient(create_app(journalling)).get("/").text
    assert "keeps the questions, and what you say about an answer, for 90 days" in kept
    assert "does not keep your questions" not in kept

    off = TestClient(create_app(service)).get("/").text
    assert "The server does not keep your questions." in off
    assert "90 days" not in off
