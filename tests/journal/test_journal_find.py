from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pytest

from kbot.journal.entries import UrgentCount
from kbot.journal.find import EntryFilter, Judged
from kbot.records import Outcome, Reason

if TYPE_CHECKING:
    from tests.journal.conftest import MakeEntry

    from kbot.journal.store import Journal

NOON = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
MARCH: dict[str, Any] = {"since": NOON - 240 * HOUR, "until": NOON + 240 * HOUR}


def named(journal: Journal, **wanted: Any) -> list[str]:
    return [entry.question for entry in journal.find(EntryFilter(**(MARCH | wanted)), limit=100)]


@pytest.fixture
def filled(journal: Journal, make_entry: MakeEntry) -> Journal:
    """One entry an hour from noon on, each of another sort."""
    handed = {"outcome": Outcome.CLINICIAN, "passages": ()}
    journal.add(make_entry("sure", NOON, helpful=True))
    journal.add(make_entry("barely", NOON + HOUR, confidence=0.35, helpful=False, feedback="Too long"))
    journal.add(make_entry("missing", NOON + 2 * HOUR, **handed, reason=Reason.NOT_COVERED, confidence=0.2))
    journal.add(make_entry("my dose", NOON + 3 * HOUR, **handed, reason=Reason.PERSONAL_ADVICE, handled=True))
    journal.add(make_entry("100% sure_thing?", NOON + 4 * HOUR, channel="rest", confidence=0.48))
    return journal


@pytest.mark.parametrize(
    ("wanted", "questions"),
    [
        ({}, ["100% sure_thing?", "my dose", "missing", "barely", "sure"]),
        ({"since": NOON + HOUR, "until": NOON + 3 * HOUR}, ["missing", "barely"]),
        ({"outcome": Outcome.CLINICIAN}, ["my dose", "missing"]),
        ({"reason": Reason.NOT_COVERED}, ["missing"]),
        ({"channel": "rest"}, ["100% sure_thing?"]),
        ({"judged": Judged.HELPFUL}, ["sure"]),
        ({"judged": Judged.UNHELPFUL}, ["barely"]),
        ({"judged": Judged.NOT_AT_ALL}, ["100% sure_thing?", "my dose", "missing"]),
        ({"handled": True}, ["my dose"]),
        ({"handled": False, "outcome": Outcome.CLINICIAN}, ["missing"]),
        ({"confidence": (0.35, 0.48)}, ["barely"]),
        ({"text": " SURE "}, ["100% sure_thing?", "sure"]),
        ({"text": "TOO LONG"}, ["barely"]),
        ({"text": "%"}, ["100% sure_thing?"]),  # no wildcards
        ({"text": "e_t"}, ["100% sure_thing?"]),
        ({"text": "'; DROP TABLE entries; --"}, []),
        ({"text": "a\x00b"}, []),
    ],
)
def test_a_filter_finds_what_has_all_of_it_and_nothing_else(
    filled: Journal, wanted: dict[str, Any], questions: list[str]
) -> None:
    assert named(filled, **wanted) == questions
    assert filled.count(EntryFilter(**(MARCH | wanted))) == len(questions)


def test_pages_follow_each_other_without_gaps_or_repeats(journal: Journal, make_entry: MakeEntry) -> None:
    for number in range(7):
        journal.add(make_entry(str(number), NOON))  # at one moment: the order is that of the ids
    wanted = EntryFilter(**MARCH)

    pages = [[entry.question for entry in journal.find(wanted, limit=3, offset=at)] for at in (0, 3, 6, 9)]

    assert pages == [["6", "5", "4"], ["3", "2", "1"], ["0"], []]


def test_one_entry_is_found_by_its_id(filled: Journal) -> None:
    newest = filled.find(EntryFilter(**MARCH), limit=1)[0]

    assert filled.entry(newest.id) == newest
    assert filled.entry(newest.id + 1) is None


def test_many_entries_are_marked_at_once_and_others_left_alone(filled: Journal) -> None:
    ids = {entry.question: entry.id for entry in filled.find(EntryFilter(**MARCH), limit=9)}

    assert filled.set_all_handled([ids["sure"], ids["missing"], 999_999]) == 2
    assert named(filled, handled=True) == ["my dose", "missing", "sure"]
    assert filled.set_all_handled([ids["sure"], ids["my dose"]], handled=False) == 2
    assert named(filled, handled=True) == ["missing"]
    assert filled.set_all_handled([]) == 0


def test_more_entries_than_one_statement_takes_are_marked(journal: Journal, make_entry: MakeEntry) -> None:
    journal.fill([make_entry(str(number), NOON) for number in range(1201)], [])
    ids = [entry.id for entry in journal.find(EntryFilter(**MARCH), limit=2000)]

    assert journal.set_all_handled(ids) == 1201


def test_the_revision_changes_with_whatever_a_report_shows(journal: Journal, make_entry: MakeEntry) -> None:
    seen = [journal.revision()]

    def changed() -> bool:
        seen.append(journal.revision())
        return seen[-1] not in seen[:-1]

    assert not changed()
    journal.add(make_entry("one"), "ticket")
    assert changed()
    journal.add(make_entry("two"))
    assert changed()
    journal.set_feedback("ticket", helpful=False, feedback="")
    assert changed()
    journal.set_feedback("ticket", helpful=True, feedback="")
    assert changed()
    one, two = journal.entries(*MARCH.values())
    journal.set_handled(one.id)
    assert changed()
    journal.set_handled(one.id, handled=False)
    journal.set_handled(two.id)
    assert changed()
    journal.count_urgent(NOON.date(), Outcome.CRISIS)
    assert changed()
    assert journal.urgent(NOON.date(), NOON.date() + 24 * HOUR) == [UrgentCount(NOON.date(), Outcome.CRISIS, 1)]
