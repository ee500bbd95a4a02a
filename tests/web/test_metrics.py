from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from kbot.service import Service
from kbot.web.app import create_app
from kbot.web.operation import Operation

if TYPE_CHECKING:
    from pathlib import Path

LOCAL = ("127.0.0.1", 50000)
TYPED = [
    "Does Adaline Quarles get ketamine for her migraines?",
    "I want to die. I am Adaline Quarles",
    "side effects",
]
# Every label that there is, with every value that it may have.
LABELS = {
    "channel": {"rest", "chat"},
    "outcome": {"answer", "clinician", "crisis", "emergency", "greeting"},
    "reason": {"", "not_covered", "personal_advice", "off_topic", "asked_for_a_person", "unclear"},
    "cached": {"yes", "no"},
    "step": {"triage", "reading and encoding", "topics, words and gate", "passages and reply"},
    "why": {"busy", "rate", "failed"},
    "route": {
        "/", "/api/ask", "/api/feedback", "/healthz", "/readyz", "/metrics", "/embed.js", "/openapi.json", "chat",
        "/gradio_api", "/source", "/staff", "/ui", "/assets", "/static", "other",
    },
    "status": {"200", "404", "405", "500"},
}  # fmt: skip


@pytest.fixture(scope="module")
def kept(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """The real service with a journal and a cache of its own."""
    folder: Path = tmp_path_factory.mktemp("journal")
    settings = replace(service.settings, journal=str(folder / "journal.db"), staff="off")
    return Service(settings, service.bot.index)


@pytest.fixture(scope="module")
def client(kept: Service) -> TestClient:
    client = TestClient(create_app(kept), client=LOCAL)
    for question in [*TYPED, TYPED[0]]:
        client.post("/api/ask", json={"turns": [question]})
    for path in ("/nothing/Adaline", "/source/Adaline", "/source/faq?Adaline", "/healthz"):
        client.get(path)
    client.request("ADALINE", "/api/ask")
    kept.close()
    return client


def test_what_was_asked_is_counted_by_what_was_given(client: TestClient) -> None:
    lines = client.get("/metrics").text.splitlines()

    assert 'kbot_questions_total{cached="no",channel="rest",outcome="crisis",reason=""} 1.0' in lines
    assert 'kbot_questions_total{cached="no",channel="rest",outcome="answer",reason=""} 1.0' in lines
    again = [line for line in lines if line.startswith('kbot_questions_total{cached="yes"')]
    assert [line.rpartition(" ")[2] for line in again] == ["1.0"]
    assert 'kbot_question_seconds_count{cached="no"} 3.0' in lines
    assert 'kbot_step_seconds_count{step="triage"} 3.0' in lines
    assert "kbot_cache_entries 2.0" in lines
    counts = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}
    journal = ("kbot_journal_written_total", "kbot_journal_waiting", "kbot_journal_lost_total")
    assert sum(counts[name] for name in journal) == 4.0
    assert counts["kbot_journal_failing"] == 0.0
    assert 'kbot_http_requests_total{route="other",status="404"} 1.0' in lines


def test_the_build_that_is_served_is_named(client: TestClient, kept: Service) -> None:
    assert f'kbot_build_info{{build="{kept.build}",version=' in client.get("/metrics").text


def test_no_word_of_a_visitor_and_no_label_of_unbounded_values_is_in_it(client: TestClient) -> None:
    text = client.get("/metrics").text

    assert not re.search("adaline|quarles|migraine", text, re.IGNORECASE)
    for line in text.splitlines():
        if line.startswith(("kbot_build_info", "#")) or "le=" in line:
            continue
        for name, value in re.findall(r'(\w+)="([^"]*)"', line):
            assert value in LABELS[name]


@pytest.mark.parametrize(
    ("who", "peer", "headers", "status"),
    [
        ("local", "127.0.0.1", {}, 200),
        ("local", "::1", {}, 200),
        ("local", "192.0.2.7", {}, 404),
        ("local", "127.0.0.1", {"x-forwarded-for": "192.0.2.7"}, 404),
        ("local", "127.0.0.1", {"x-forwarded-host": "www.example.org"}, 404),
        ("local", "127.0.0.1", {"forwarded": "for=192.0.2.7"}, 404),
        ("on", "192.0.2.7", {}, 200),
        ("off", "127.0.0.1", {}, 404),
    ],
)
def test_who_may_read_the_metrics_is_a_setting(
    kept: Service, who: str, peer: str, headers: dict[str, str], status: int
) -> None:
    changed = Service(replace(kept.settings, metrics=who, journal="off"), kept.bot.index)
    client = TestClient(create_app(changed), client=(peer, 50000))

    assert client.get("/metrics", headers=headers).status_code == status


def test_counts_go_on_when_another_build_takes_over(kept: Service) -> None:
    settings = replace(kept.settings, journal="off")
    before = Service(settings, kept.bot.index)
    operation = Operation(settings)
    first = TestClient(create_app(before, operation), client=LOCAL)
    first.post("/api/ask", json={"turns": ["hello"]})
    second = TestClient(create_app(before.renewed(kept.bot.index), operation), client=LOCAL)
    second.post("/api/ask", json={"turns": ["hello"]})

    lines = second.get("/metrics").text.splitlines()
    assert 'kbot_questions_total{cached="no",channel="rest",outcome="greeting",reason=""} 2.0' in lines
    operation.close()
