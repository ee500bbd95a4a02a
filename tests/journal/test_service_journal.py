"""The service with a journal: what of a conversation is written down, and that answering doesn't depend on it."""

from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING

import pytest

from kbot.journal.store import Journal
from kbot.records import Outcome
from kbot.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kbot.journal.entries import JournalEntry

EVER = (datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC), datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC))


@pytest.fixture
def journalling(service: Service, tmp_path: Path) -> Iterator[Service]:
    """The real service, writing into a journal of its own."""
    opened = Service.open(dataclasses.replace(service.settings, journal=str(tmp_path / "journal.db")))
    yield opened
    opened.close()


def written(service: Service) -> list[JournalEntry]:
    service.close()
    journal = Journal.open(service.settings.journal)
    entries = list(journal.entries(*EVER))
    journal.close()
    return entries


def urgent(service: Service) -> list[tuple[Outcome, int]]:
    service.close()
    journal = Journal.open(service.settings.journal)
    counts = [(count.outcome, count.count) for count in journal.urgent(EVER[0].date(), EVER[1].date())]
    journal.close()
    return counts


def test_a_visitors_question_is_written_down_redacted(journalling: Service) -> None:
    asked = journalling.ask(["Hi", "I'm Ingrid Solheim. What are the side effects of ketamine?"], channel="chat")
    assert asked.ticket is not None
    assert "Ingrid Solheim" in asked.answer.question
    (entry,) = written(journalling)
    assert entry.question == "I'm [NAME]. What are the side effects of ketamine?"
    assert (entry.channel, entry.build) == ("chat", journalling.build)


def test_a_question_without_a_channel_is_nobodys_and_is_not_written_down(
    journalling: Service, tmp_path: Path
) -> None:
    assert journalling.ask(["What are the side effects?"]).ticket is None
    journalling.close()
    assert not (tmp_path / "journal.db").exists()


def test_a_crisis_is_counted_and_leaves_no_word(journalling: Service, tmp_path: Path) -> None:
    asked = journalling.ask(["I am going to kill myself tonight"], channel="chat")
    assert asked.ticket is None
    assert written(journalling) == []
    assert urgent(journalling) == [(Outcome.CRISIS, 1)]
    assert b"kill" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_feedback_is_kept_with_its_answer(journalling: Service) -> None:
    asked = journalling.ask(["What are the side effects of ketamine?"], channel="rest")
    assert asked.ticket is not None
    assert journalling.feedback(asked.ticket, helpful=False, reason="call Ingrid Solheim") is None
    assert journalling.feedback("a ticket of nobody", helpful=True) is None
    (entry,) = written(journalling)
    assert (entry.helpful, entry.feedback) == (False, "call [NAME]")


def test_feedback_that_is_a_cry_for_help_is_answered_and_not_kept(journalling: Service) -> None:
    asked = journalling.ask(["What are the side effects of ketamine?"], channel="chat")
    assert asked.ticket is not None
    reply = journalling.feedback(asked.ticket, helpful=False, reason="useless, I will kill myself tonight")
    assert reply is not None
    assert reply.outcome is Outcome.CRISIS
    assert [(entry.helpful, entry.feedback) for entry in written(journalling)] == [(False, "")]
    assert urgent(journalling) == [(Outcome.CRISIS, 1)]


def test_a_journal_that_is_off_takes_nothing(service: Service) -> None:
    silent = Service.open(dataclasses.replace(service.settings, journal="off"))
    asked = silent.ask(["What are the side effects?"], channel="chat")
    assert asked.ticket is None
    assert silent.journal_state is None
    silent.feedback("no ticket", helpful=True)
    silent.close()


def test_a_journal_that_can_not_be_opened_costs_nobody_the_answer(service: Service, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = dataclasses.replace(service.settings, journal=str(tmp_path / "file" / "journal.db"))
    broken = Service.open(settings)
    asked = broken.ask(["What are the side effects of ketamine?"], channel="chat")
    assert asked.answer.message == service.ask(["What are the side effects of ketamine?"]).answer.message
    (tmp_path / "file").unlink()
    assert [entry.question for entry in written(broken)] == ["What are the side effects of ketamine?"]
