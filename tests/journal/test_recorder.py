from __future__ import annotations

import datetime
import logging
import resource
import sqlite3
import threading
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlalchemy

from kbot.errors import JournalError
from kbot.journal.entries import JournalEntry, UrgentCount
from kbot.journal.recorder import Recorder
from kbot.journal.redact import Redactor
from kbot.journal.store import Journal
from kbot.records import Asked, Fallback, Found, Kind, Outcome, Reason, ShownPassage, Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.journal.conftest import MakeEntry

EVER = (
    datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC),
    datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC),
)
DAYS = EVER[0].date(), EVER[1].date()


def not_found(question: str, outcome: Outcome = Outcome.CLINICIAN) -> Asked:
    reason = Reason.NOT_COVERED if outcome is Outcome.CLINICIAN else None
    missing = ("pregnancy",) if reason else ()
    return Asked(Fallback(question, outcome, "Call us", (), reason=reason, missing=missing), "b1", 2.5)


def found(question: str) -> Asked:
    source = Source("faq", "FAQ", Kind.CLINIC_FAQ, None, "/source/faq")
    passage = ShownPassage("faq#x-1", "It lasts.", ("How long?",), 0, 9, Span(0, 9), 0.75, source)
    return Asked(Found(question, "Here:", (passage,), 0.9), "b1", 2.5)


@pytest.fixture
def recorder(place: str) -> Iterator[Recorder]:
    recorder = Recorder(lambda: Journal.open(place), Redactor, retention_days=90, longest=100, first_wait=0.01)
    yield recorder
    recorder.close()


def written(place: str) -> list[JournalEntry]:
    journal = Journal.open(place)
    entries = list(journal.entries(*EVER))
    journal.close()
    return entries


def counted(place: str) -> list[tuple[Outcome, int]]:
    journal = Journal.open(place)
    counts = [(count.outcome, count.count) for count in journal.urgent(*DAYS)]
    journal.close()
    return counts


def test_answers_are_written_with_what_was_shown(recorder: Recorder, place: str) -> None:
    assert recorder.record(found("How long does it last?"), "chat")
    assert recorder.record(not_found("And when pregnant?"), "rest")
    assert recorder.flush()
    first, second = written(place)
    assert (first.question, first.channel, first.outcome) == ("How long does it last?", "chat", Outcome.ANSWER)
    assert [(shown.id, shown.score) for shown in first.passages] == [("faq#x-1", 0.75)]
    assert (first.confidence, first.build, first.elapsed_ms) == (0.9, "b1", 2.5)
    assert (second.channel, second.reason, second.missing) == ("rest", Reason.NOT_COVERED, ("pregnancy",))


def test_personal_details_are_gone_before_a_question_is_written(recorder: Recorder, place: str) -> None:
    ticket = recorder.record(not_found("I'm Ingrid Solheim, 619-555-0147. Is it safe?"), "chat")
    assert ticket
    recorder.feedback(ticket, helpful=False, reason="write to ingrid@solheim.example")
    assert recorder.flush()
    (entry,) = written(place)
    assert entry.question == "I'm [NAME], [PHONE]. Is it safe?"
    assert (entry.helpful, entry.feedback) == (False, "write to [EMAIL]")


def test_a_question_is_kept_up_to_the_longest(recorder: Recorder, place: str) -> None:
    recorder.record(not_found("x" * 5000), "chat")
    assert recorder.flush()
    assert written(place)[0].question == "x" * 100


@pytest.mark.parametrize("outcome", [Outcome.CRISIS, Outcome.EMERGENCY])
def test_a_crisis_is_counted_and_none_of_it_written(recorder: Recorder, place: str, outcome: Outcome) -> None:
    assert recorder.record(not_found("words that nobody may keep", outcome), "chat") is None
    recorder.count_urgent(outcome)
    assert recorder.flush()
    assert written(place) == []
    assert counted(place) == [(outcome, 2)]


def test_what_is_too_old_is_forgotten_when_something_is_written(
    recorder: Recorder, place: str, make_entry: MakeEntry
) -> None:
    journal = Journal.open(place)
    now = datetime.datetime.now(datetime.UTC)
    journal.add(make_entry("old", now - datetime.timedelta(days=91)))
    journal.add(make_entry("recent", now - datetime.timedelta(days=89)))
    journal.close()
    recorder.record(not_found("new"), "chat")
    recorder.close()
    assert [entry.question for entry in written(place)] == ["recent", "new"]


def test_a_closed_recorder_takes_nothing_and_raises_nothing(recorder: Recorder, place: str) -> None:
    recorder.record(not_found("in time"), "chat")
    recorder.close()
    assert recorder.record(not_found("too late"), "chat") is None
    recorder.close()
    assert [entry.question for entry in written(place)] == ["in time"]


def test_a_demo_journal_takes_no_real_questions(
    recorder: Recorder, place: str, make_entry: MakeEntry, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal.open(place)
    journal.fill([make_entry("made up")], [UrgentCount(EVER[0].date(), Outcome.CRISIS, 1)])
    journal.close()
    recorder.record(not_found("a real one"), "chat")
    recorder.close(0.3)
    assert [entry.question for entry in written(place)] == ["made up"]
    assert "demo journal" in caplog.text


# What fails.


class BrokenJournal:
    """Opens and writes only while `broken` is not set; counts how often it was tried."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.broken = threading.Event()
        self.tried = threading.Semaphore(0)

    def open(self) -> Journal:
        self.tried.release()
        if self.broken.is_set():
            raise JournalError("the journal can't be used: the disk is full")
        return Journal.open(self.place)

    def recorder(self, capacity: int = 1000) -> Recorder:
        return Recorder(self.open, Redactor, retention_days=90, capacity=capacity, first_wait=0.01)


@pytest.fixture
def broken(tmp_path: Path) -> BrokenJournal:
    journal = BrokenJournal(str(tmp_path / "journal.db"))
    journal.broken.set()
    return journal


def test_a_journal_that_fails_warns_once_and_catches_up_later(
    broken: BrokenJournal, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = broken.recorder()
    tickets = [recorder.record(not_found(f"question {number}"), "chat") for number in range(3)]
    assert all(tickets)
    for _ in range(3):
        broken.tried.acquire()
    assert recorder.state.failing == "the journal can't be used: the disk is full"
    assert (recorder.state.written, recorder.state.waiting) == (0, 3)
    broken.broken.clear()
    assert recorder.flush()
    assert (recorder.state.written, recorder.state.lost) == (3, 0)
    assert not recorder.state.failing
    assert [entry.question for entry in written(broken.place)] == ["question 0", "question 1", "question 2"]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2
    assert "the disk is full" in warnings[0]
    assert "works again" in warnings[1]
    recorder.close()


def test_a_full_queue_loses_questions_and_keeps_nobody_waiting(
    broken: BrokenJournal, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = broken.recorder(capacity=2)
    recorder.record(not_found("first"), "chat")
    broken.tried.acquire()  # the first is out of the queue now, and being tried
    tickets = [recorder.record(not_found(str(number)), "chat") for number in range(5)]
    assert [ticket is None for ticket in tickets] == [False, False, True, True, True]
    assert recorder.state.lost == 3
    assert caplog.text.count("can't keep up") == 1
    broken.broken.clear()
    assert recorder.flush()
    assert [entry.question for entry in written(broken.place)] == ["first", "0", "1"]
    recorder.close()


def test_a_recorder_that_can_not_write_still_ends_and_says_what_is_lost(
    broken: BrokenJournal, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = broken.recorder()
    recorder.record(not_found("never written"), "chat")
    recorder.close(0.05)
    assert "1 questions or counts" in caplog.text
    assert "never written" not in caplog.text


def test_a_question_that_can_not_be_redacted_is_not_written_at_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Clumsy(Redactor):
        def redact(self, text: str) -> str:
            if "Ingrid" in text:
                raise RuntimeError(text)
            return super().redact(text)

    place = str(tmp_path / "journal.db")
    recorder = Recorder(lambda: Journal.open(place), Clumsy, retention_days=90)
    recorder.record(not_found("I'm Ingrid Solheim"), "chat")
    recorder.record(not_found("Is it safe?"), "chat")
    recorder.close()
    assert [entry.question for entry in written(place)] == ["Is it safe?"]
    assert recorder.state.lost == 1
    assert "RuntimeError" in caplog.text
    assert "Ingrid" not in caplog.text


def test_a_locked_file_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kbot.journal.database._WAIT", 0.05)
    place = tmp_path / "journal.db"
    Journal.open(str(place)).close()
    lock = sqlite3.connect(place, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    recorder = Recorder(lambda: Journal.open(str(place)), Redactor, retention_days=90, first_wait=0.01)
    recorder.record(not_found("patience"), "chat")
    assert not recorder.flush(0.5)
    assert recorder.state.failing is not None
    assert "locked" in recorder.state.failing
    lock.execute("ROLLBACK")
    lock.close()
    assert recorder.flush()
    recorder.close()
    assert [entry.question for entry in written(str(place))] == ["patience"]


def test_a_folder_that_can_not_be_made_is_waited_for(tmp_path: Path) -> None:
    in_the_way = tmp_path / "folder"
    in_the_way.write_text("")
    place = str(in_the_way / "journal.db")
    recorder = Recorder(lambda: Journal.open(place), Redactor, retention_days=90, first_wait=0.01)
    recorder.record(not_found("patience"), "chat")
    assert not recorder.flush(0.2)
    in_the_way.unlink()
    assert recorder.flush()
    recorder.close()
    assert [entry.question for entry in written(place)] == ["patience"]


def test_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    place = tmp_path / "journal.db"
    recorder = Recorder(lambda: Journal.open(str(place)), Redactor, retention_days=90, first_wait=0.01)
    recorder.record(not_found("fits"), "chat")
    assert recorder.flush()
    # No file of this process may grow beyond what the journal's is now: writing fails as on a full disk.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (place.with_name("journal.db-wal").stat().st_size, hard))
    try:
        recorder.record(not_found("does not fit"), "chat")
        assert not recorder.flush(0.3)
        assert recorder.state.failing is not None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert recorder.flush()
    recorder.close()
    assert [entry.question for entry in written(str(place))] == ["fits", "does not fit"]


def test_a_server_that_goes_and_comes_back_is_waited_for(postgresql: str, new_database: Callable[[], str]) -> None:
    url = new_database()
    name = sqlalchemy.make_url(url).database
    recorder = Recorder(lambda: Journal.open(url), Redactor, retention_days=90, first_wait=0.01)
    recorder.record(not_found("before"), "chat")
    assert recorder.flush()
    with psycopg.connect(postgresql.format(database="postgres"), autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        server.execute(f"ALTER DATABASE {name} RENAME TO {name}_gone".encode())
        recorder.record(not_found("meanwhile"), "chat")
        assert not recorder.flush(0.5)
        assert recorder.state.failing is not None
        assert recorder.state.lost == 0
        server.execute(f"ALTER DATABASE {name}_gone RENAME TO {name}".encode())
    assert recorder.flush()
    recorder.close()
    assert [entry.question for entry in written(url)] == ["before", "meanwhile"]
