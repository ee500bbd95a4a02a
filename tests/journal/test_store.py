from __future__ import annotations

import dataclasses
import datetime
import sqlite3
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy

from kbot.errors import JournalError, SettingsError
from kbot.journal.database import connect, describe, locate
from kbot.journal.entries import UrgentCount
from kbot.journal.schema import STEPS, migrate
from kbot.journal.store import Journal
from kbot.records import Outcome, Reason

if TYPE_CHECKING:
    from tests.journal.conftest import MakeEntry

NOON = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
EVER = NOON - 999 * DAY, NOON + 999 * DAY
DAYS = EVER[0].date(), EVER[1].date()


def test_an_entry_comes_back_as_it_was_written(journal: Journal, make_entry: MakeEntry) -> None:
    answered = make_entry("What about [NAME]? ñ 🙂", helpful=False, feedback="too long", handled=True)
    handed_over = make_entry(
        "And during pregnancy?",
        NOON + HOUR,
        channel="rest",
        outcome=Outcome.CLINICIAN,
        reason=Reason.NOT_COVERED,
        missing=("pregnancy", "breastfeeding"),
        passages=(),
    )
    journal.add(answered)
    journal.add(handed_over)
    found = journal.entries(*EVER)
    assert [dataclasses.replace(entry, id=0) for entry in found] == [answered, handed_over]
    assert found[0].id != found[1].id


def test_a_period_has_its_first_moment_and_not_its_last(journal: Journal, make_entry: MakeEntry) -> None:
    for hours in range(4):
        journal.add(make_entry(str(hours), NOON + hours * HOUR))
    assert [entry.question for entry in journal.entries(NOON + HOUR, NOON + 3 * HOUR)] == ["1", "2"]


def test_entries_come_oldest_first_whatever_their_time_zone(journal: Journal, make_entry: MakeEntry) -> None:
    east = datetime.timezone(datetime.timedelta(hours=9))
    journal.add(make_entry("second", NOON))
    journal.add(make_entry("first", datetime.datetime(2026, 3, 1, 20, tzinfo=east)))  # 11:00 UTC
    found = journal.entries(*EVER)
    assert [entry.question for entry in found] == ["first", "second"]
    assert found[0].time == NOON - HOUR


@pytest.mark.parametrize("outcome", [Outcome.CRISIS, Outcome.EMERGENCY])
def test_the_text_of_a_crisis_is_refused(journal: Journal, make_entry: MakeEntry, outcome: Outcome) -> None:
    with pytest.raises(ValueError, match="never kept"):
        journal.add(make_entry(outcome=outcome))
    assert not journal.entries(*EVER)


def test_urgent_messages_are_counted_by_day_and_outcome(journal: Journal) -> None:
    day = NOON.date()
    for date, outcome in [
        (day, Outcome.CRISIS),
        (day, Outcome.CRISIS),
        (day, Outcome.EMERGENCY),
        (day + DAY, Outcome.CRISIS),
    ]:
        journal.count_urgent(date, outcome)
    assert list(journal.urgent(*DAYS)) == [
        UrgentCount(day, Outcome.CRISIS, 2),
        UrgentCount(day, Outcome.EMERGENCY, 1),
        UrgentCount(day + DAY, Outcome.CRISIS, 1),
    ]
    assert list(journal.urgent(day + DAY, day + 2 * DAY)) == [UrgentCount(day + DAY, Outcome.CRISIS, 1)]


def test_feedback_reaches_the_entry_with_its_ticket_only(journal: Journal, make_entry: MakeEntry) -> None:
    journal.add(make_entry("one"), "ticket-1")
    journal.add(make_entry("two"), "ticket-2")
    assert journal.set_feedback("ticket-2", helpful=False, feedback="not my question")
    assert not journal.set_feedback("ticket-3", helpful=True, feedback="")
    assert [(entry.helpful, entry.feedback) for entry in journal.entries(*EVER)] == [
        (None, ""),
        (False, "not my question"),
    ]


def test_an_entry_is_marked_as_handled_and_back(journal: Journal, make_entry: MakeEntry) -> None:
    journal.add(make_entry())
    (entry,) = journal.entries(*EVER)
    assert journal.set_handled(entry.id)
    assert journal.entries(*EVER)[0].handled
    assert journal.set_handled(entry.id, handled=False)
    assert not journal.entries(*EVER)[0].handled
    assert not journal.set_handled(entry.id + 1)


def test_a_purge_forgets_what_is_older_than_the_retention(journal: Journal, make_entry: MakeEntry) -> None:
    for days in (0, 89, 91, 400):
        journal.add(make_entry(str(days), NOON - days * DAY))
        journal.count_urgent((NOON - days * DAY).date(), Outcome.CRISIS)
    assert journal.purge(90, NOON) == 2
    assert [entry.question for entry in journal.entries(*EVER)] == ["89", "0"]
    assert len(journal.urgent(*DAYS)) == 2


def test_one_entry_or_everything_can_be_deleted(journal: Journal, make_entry: MakeEntry) -> None:
    journal.add(make_entry("one"))
    journal.add(make_entry("two"))
    journal.count_urgent(NOON.date(), Outcome.CRISIS)
    first = journal.entries(*EVER)[0]
    assert journal.delete(entry=first.id) == 1
    assert [entry.question for entry in journal.entries(*EVER)] == ["two"]
    assert len(journal.urgent(*DAYS)) == 1
    assert journal.delete() == 1
    assert not journal.entries(*EVER)
    assert not journal.urgent(*DAYS)


def test_a_made_up_journal_says_so_and_never_mixes_with_a_real_one(journal: Journal, make_entry: MakeEntry) -> None:
    assert not journal.made_up
    journal.fill([make_entry("made up")], [UrgentCount(NOON.date(), Outcome.CRISIS, 3)])
    journal.fill([make_entry("more")], [])
    assert journal.made_up
    assert [entry.question for entry in journal.entries(*EVER)] == ["made up", "more"]
    assert list(journal.urgent(*DAYS)) == [UrgentCount(NOON.date(), Outcome.CRISIS, 3)]


def test_a_journal_of_real_questions_takes_no_made_up_ones(journal: Journal, make_entry: MakeEntry) -> None:
    journal.add(make_entry("real"))
    with pytest.raises(JournalError, match="holds real questions"):
        journal.fill([make_entry("made up")], [])
    assert [entry.question for entry in journal.entries(*EVER)] == ["real"]


def test_a_journal_that_is_opened_again_has_what_was_in_it(place: str, make_entry: MakeEntry) -> None:
    first = Journal.open(place)
    first.add(make_entry("kept"))
    first.close()
    again = Journal.open(place)
    assert [entry.question for entry in again.entries(*EVER)] == ["kept"]
    again.close()


def test_two_processes_may_write_into_one_journal(place: str, make_entry: MakeEntry) -> None:
    one, two = Journal.open(place), Journal.open(place)
    for number in range(5):
        one.add(make_entry(f"one {number}"))
        two.add(make_entry(f"two {number}"))
        one.count_urgent(NOON.date(), Outcome.CRISIS)
        two.count_urgent(NOON.date(), Outcome.CRISIS)
    assert len(one.entries(*EVER)) == 10
    assert list(two.urgent(*DAYS)) == [UrgentCount(NOON.date(), Outcome.CRISIS, 10)]
    one.close()
    two.close()


def test_a_value_that_the_database_refuses_is_no_matter_of_the_journal(
    journal: Journal, make_entry: MakeEntry
) -> None:
    with pytest.raises(ValueError, match="refuses"):
        journal.add(make_entry(channel=None))
    journal.add(make_entry("NUL \x00 inside"))
    assert journal.entries(*EVER)[-1].question == "NUL   inside"


# An old journal.

OLD_ENTRY = (
    "INSERT INTO entries "
    "(time, channel, question, outcome, reason, missing, passages, confidence, build, elapsed_ms) VALUES "
    "('2026-03-01T12:00:00.000000+00:00', 'rest', 'from long ago', 'clinician', 'not_covered', "
    "'[\"pregnancy\"]', '[[\"faq#x-1\", 0.5]]', 0.25, 'b0', 3.5)"
)


@pytest.mark.parametrize("version", range(1, len(STEPS)))
def test_a_journal_of_every_older_version_opens_with_what_is_in_it(place: str, version: int) -> None:
    url = locate(place)
    assert url is not None
    engine = connect(url)
    with engine.begin() as connection:
        assert migrate(connection, place, STEPS[:version]) == version
        connection.execute(sqlalchemy.text(OLD_ENTRY))
        connection.execute(sqlalchemy.text("INSERT INTO urgent VALUES ('2026-03-01', 'crisis', 4)"))
    engine.dispose()
    journal = Journal.open(place)
    (old,) = journal.entries(*EVER)
    assert (old.question, old.channel, old.reason) == ("from long ago", "rest", Reason.NOT_COVERED)
    assert (old.missing, old.confidence, old.helpful, old.handled) == (("pregnancy",), 0.25, None, False)
    assert [(passage.id, passage.score) for passage in old.passages] == [("faq#x-1", 0.5)]
    assert list(journal.urgent(*DAYS)) == [UrgentCount(NOON.date(), Outcome.CRISIS, 4)]
    journal.close()


# Written out once more: a step that is changed after it ran on somebody's machine must fail this test.
FIRST_VERSION = """
    CREATE TABLE schema_version (version INTEGER PRIMARY KEY);
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, channel TEXT NOT NULL, question TEXT NOT NULL,
        outcome TEXT NOT NULL, reason TEXT, missing TEXT NOT NULL DEFAULT '[]', passages TEXT NOT NULL DEFAULT '[]',
        confidence REAL NOT NULL DEFAULT 0, build TEXT NOT NULL DEFAULT '', elapsed_ms REAL NOT NULL DEFAULT 0,
        helpful INTEGER, feedback TEXT NOT NULL DEFAULT '');
    CREATE INDEX entries_time ON entries (time);
    CREATE TABLE urgent (
        day TEXT NOT NULL, outcome TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (day, outcome));
    INSERT INTO schema_version VALUES (1);
"""


def test_a_file_of_the_first_version_gets_the_tables_of_today(tmp_path: Path, make_entry: MakeEntry) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    with sqlite3.connect(old) as connection:
        connection.executescript(FIRST_VERSION)
        connection.execute(OLD_ENTRY)
    connection.close()
    for path in (old, new):
        journal = Journal.open(str(path))
        journal.add(make_entry("new"), "ticket")
        journal.close()
    assert columns(old) == columns(new)
    reopened = Journal.open(str(old))
    assert {entry.question for entry in reopened.entries(*EVER)} == {"from long ago", "new"}
    reopened.close()


def columns(path: Path) -> dict[str, list[tuple[str, str]]]:
    connection = sqlite3.connect(path)
    tables = [
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    ]
    found = {t: [(row[1], row[2]) for row in connection.execute(f"PRAGMA table_info({t})")] for t in tables}
    connection.close()
    return found


def test_a_journal_of_a_newer_kbot_is_left_alone(place: str) -> None:
    Journal.open(place).close()
    url = locate(place)
    assert url is not None
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("INSERT INTO schema_version VALUES (99)"))
    engine.dispose()
    with pytest.raises(JournalError, match="version 99"):
        Journal.open(place)


# Where it is.


def test_a_journal_is_off_a_path_or_a_url() -> None:
    assert locate("off") is None
    assert describe("OFF") == "off"
    assert describe("some/journal.db") == str(Path("some/journal.db").absolute())
    assert describe("sqlite:////var/lib/journal.db") == "/var/lib/journal.db"
    assert describe("postgres://kbot:secret@db.example/kbot") == "postgresql+psycopg://kbot:***@db.example/kbot"


def test_the_journal_is_in_the_users_own_folder_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/home/somebody/.data")
    assert describe("auto") == "/home/somebody/.data/kbot/journal.db"


@pytest.mark.parametrize("journal", ["mysql://kbot@db/kbot", "postgresql", "http://x y"])
def test_what_is_no_journal_is_refused_before_it_is_opened(journal: str) -> None:
    if "://" not in journal:
        assert describe(journal).endswith("/postgresql")  # a path, however odd
        return
    with pytest.raises(SettingsError, match="KBOT_JOURNAL"):
        locate(journal)


def test_only_its_owner_can_read_the_file_and_its_folder(tmp_path: Path, make_entry: MakeEntry) -> None:
    path = tmp_path / "new" / "journal.db"
    journal = Journal.open(str(path))
    journal.add(make_entry())
    files = list(path.parent.iterdir())
    assert {file.name for file in files} >= {"journal.db", "journal.db-wal"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    journal.close()


def test_what_was_forgotten_is_nowhere_in_the_files(tmp_path: Path, make_entry: MakeEntry) -> None:
    path = tmp_path / "journal.db"
    journal = Journal.open(str(path))
    for number in range(50):
        journal.add(make_entry(f"the secret of number {number}"))
    assert b"secret" in path.with_name("journal.db-wal").read_bytes()
    journal.delete()
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"secret" not in left
    journal.close()


@pytest.mark.parametrize("content", [b"this is no database at all, but a text of a page or so" * 90, None])
def test_a_place_that_is_no_journal_says_so(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "journal.db"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(JournalError, match=r"journal\.db"):
        Journal.open(str(path))


def test_a_server_that_is_not_there_says_so_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="can't be used: OperationalError") as caught:
        Journal.open(f"postgresql://kbot:hunter2@/kbot?host={tmp_path}")
    assert "hunter2" not in str(caught.value)
