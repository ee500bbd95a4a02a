"""PostgreSQL is stopped and started under load: nobody's question fails, and no entry is lost or doubled."""

from __future__ import annotations

import datetime
import itertools
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from tests.servers import wait_until

from kbot.errors import JournalError
from kbot.journal.recorder import Recorder
from kbot.journal.redact import Redactor
from kbot.journal.retention import Retention
from kbot.journal.store import Journal
from kbot.records import Asked, Document, Fallback, Kind, Outcome, Reason
from kbot.service import Service
from kbot.settings import Settings
from kbot.web.app import create_app

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import HandmadeIndex
    from tests.servers import PostgreSQL

    from kbot.journal.entries import JournalEntry

WORDS = ["soft", "warm", "short", "slow", "quick", "firm", "light", "deep", "gentle", "strong"]
CRISIS = "I want to kill myself"
PAGE = "# Massage\n\nA massage loosens the muscles of the back.\n\n## Prices\n\nA massage costs 40 dollars.\n"
CALLERS = 4
PHASE = 30  # questions that are asked before, during and after each time that the server is gone
EVER = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC), datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)


class Load:
    """Questions, each another one, from several threads at once; every tenth is of somebody in danger."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self._questions = itertools.product(WORDS, repeat=4)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.asked: list[str] = []
        self.wrong: list[str] = []

    def go_on(self) -> None:
        """Ask until it is told to stop, calmly: the recorder keeps 1,000 questions while it can't write."""
        while not self._stop.wait(0.06):
            with self._lock:
                question = f"How much is a massage, {' '.join(next(self._questions))}?"
                question = question if len(self.asked) % 10 else CRISIS
                self.asked.append(question)
            response = self._client.post("/api/ask", json={"turns": [question]})
            expected = {"crisis"} if question == CRISIS else {"answer", "clinician"}
            if response.status_code != 200 or response.json()["outcome"] not in expected:
                self.wrong.append(f"{question}: {response.status_code} {response.text}")

    def wait_for_more(self) -> None:
        """Wait until another phase's questions were asked."""
        enough = len(self.asked) + PHASE
        wait_until(lambda: len(self.asked) >= enough, "nobody asks any more")

    def stop(self) -> None:
        """Have the threads end."""
        self._stop.set()


def told(client: TestClient) -> tuple[int, str, dict[str, float]]:
    """Return what staff are told: the status of /readyz, what it says of the journal, and the journal's figures."""
    ready = client.get("/readyz")
    lines = [line.split() for line in client.get("/metrics").text.splitlines() if line.startswith("kbot_journal_")]
    return ready.status_code, ready.json()["journal"], {name: float(value) for name, value in lines}


def test_a_postgresql_that_is_restarted_under_load_costs_no_answer_and_no_entry(
    handmade: HandmadeIndex, postgresql: PostgreSQL, caplog: pytest.LogCaptureFixture
) -> None:
    place = postgresql.new_database()
    settings = Settings(journal=place, staff="off", rate=0, metrics="on", log="problems")
    service = Service(settings, handmade(Document("massage", "Massage", Kind.CLINIC_ARTICLE, PAGE, 0, "massage.md")))
    modes = ("immediate", "fast")
    with (
        TestClient(create_app(service), raise_server_exceptions=False) as client,
        ThreadPoolExecutor(CALLERS) as pool,
    ):
        load = Load(client)
        callers = [pool.submit(load.go_on) for _ in range(CALLERS)]
        try:
            for mode in modes:
                load.wait_for_more()
                postgresql.stop(mode)
                wait_until(lambda: told(client)[1] == "failing", "the journal does not fail")
                load.wait_for_more()
                status, _, gone = told(client)
                postgresql.start()
                wait_until(lambda: told(client)[1] == "works", "the journal does not work again")
                load.wait_for_more()

                assert (status, gone["kbot_journal_failing"]) == (200, 1)
                assert gone["kbot_journal_waiting"] >= PHASE / 2
        finally:
            load.stop()
        for caller in callers:
            caller.result()
        wait_until(lambda: told(client)[2]["kbot_journal_waiting"] == 0, "not all is written")
        _, _, figures = told(client)
    service.close()

    assert load.wrong == []
    questions = Counter(load.asked)
    in_danger = questions.pop(CRISIS)
    assert (figures["kbot_journal_failing"], figures["kbot_journal_lost_total"]) == (0, 0)
    assert Counter(entry.question for entry in written(place)) == questions
    # A count has no name by which it could be known again: one whose acknowledgement got lost is counted twice.
    assert in_danger <= urgent(place)[Outcome.CRISIS] <= in_danger + len(modes)
    assert caplog.text.count("Questions are answered as ever and written down once it works again") == len(modes)
    assert caplog.text.count("the journal works again; 0 events were lost meanwhile") == len(modes)


# What a restart hits by chance, hit for certain.


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a journal, as `KBOT_JOURNAL` names it."""
    if request.param == "sqlite":
        return str(tmp_path / "journal.db")
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.new_database()


class Unacknowledged(Journal):
    """Its server writes the first entry, and goes away before it says so."""

    _said: bool = True

    def add(self, entry: JournalEntry, ticket: str | None = None) -> None:
        super().add(entry, ticket)
        if self._said:
            self._said = False
            raise JournalError("the server went away")


def written(place: str) -> list[JournalEntry]:
    journal = Journal.open(place)
    entries = list(journal.entries(*EVER))
    journal.close()
    return entries


def urgent(place: str) -> dict[Outcome, int]:
    journal = Journal.open(place)
    counts = {count.outcome: count.count for count in journal.urgent(EVER[0].date(), EVER[1].date())}
    journal.close()
    return counts


def asked(question: str, outcome: Outcome = Outcome.CLINICIAN) -> Asked:
    reason = Reason.NOT_COVERED if outcome is Outcome.CLINICIAN else None
    return Asked(Fallback(question, outcome, "Call us", (), reason=reason), "b1", 2.5)


def test_an_entry_that_was_kept_but_not_acknowledged_stands_there_once_and_is_not_lost(place: str) -> None:
    recorder = Recorder(lambda: Unacknowledged.open(place), Redactor, retention_days=90, first_wait=0.01)
    ticket = recorder.record(asked("Does it hurt?"), "chat")
    assert ticket
    recorder.feedback(ticket, helpful=True, reason="")
    assert recorder.flush()
    recorder.close()

    assert [(entry.question, entry.helpful) for entry in written(place)] == [("Does it hurt?", True)]
    assert (recorder.state.written, recorder.state.lost, recorder.state.failing) == (2, 0, None)


@pytest.mark.parametrize("reason", [JournalError("the server went away"), ZeroDivisionError("nobody thought of it")])
def test_what_is_written_is_written_once_and_writing_goes_on_where_forgetting_fails(
    place: str, reason: Exception
) -> None:
    class Unforgetting(Journal):
        def purge(self, days: int, now: datetime.datetime) -> int:
            del days, now
            raise reason

    recorder = Recorder(lambda: Unforgetting.open(place), Redactor, retention_days=90, first_wait=0.01)
    vars(recorder)["_retention"] = Retention(90, every=0)
    recorder.record(asked("words that nobody may keep", Outcome.CRISIS), "chat")
    recorder.record(asked("Does it hurt?"), "chat")
    assert recorder.flush()
    told = recorder.state
    recorder.close()

    assert urgent(place) == {Outcome.CRISIS: 1}
    assert [entry.question for entry in written(place)] == ["Does it hurt?"]
    assert (told.written, told.lost) == (2, 0)
    assert told.failing in {"the server went away", "ZeroDivisionError"}


def test_a_journal_whose_server_goes_while_it_is_opened_is_closed_again(tmp_path: Path) -> None:
    class Going(Journal):
        @property
        def made_up(self) -> bool:
            raise JournalError("the server went away")

        def close(self) -> None:
            super().close()
            closed.append(self)

    opened: list[Journal] = []
    closed: list[Journal] = []

    def open_journal() -> Journal:
        opened.append(Going.open(str(tmp_path / "journal.db")))
        return opened[-1]

    recorder = Recorder(open_journal, Redactor, retention_days=90, first_wait=0.01)
    recorder.record(asked("Does it hurt?"), "chat")
    wait_until(lambda: len(opened) > 2, "it is not opened again")
    recorder.close(0.1)

    assert closed == opened
