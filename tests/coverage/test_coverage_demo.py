from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest

from kbot.coverage.demo import make_demo
from kbot.errors import InputError
from kbot.records import Answer, Fallback, Outcome, Reason, TopicKind

if TYPE_CHECKING:
    from typing import Any

    from kbot.search.index import SearchIndex

UNTIL = datetime.date(2026, 3, 31)


def hand_over(question: str) -> Answer:
    return Fallback(question, Outcome.CLINICIAN, "", (), reason=Reason.NOT_COVERED, missing=("x",))


def test_the_same_seed_makes_the_same_journal_and_another_one_another(index: SearchIndex) -> None:
    first = make_demo(index, hand_over, UNTIL, days=10, seed=1)
    assert make_demo(index, hand_over, UNTIL, days=10, seed=1) == first
    assert make_demo(index, hand_over, UNTIL, days=10, seed=2) != first


def test_entries_fill_the_days_in_order_and_none_is_after_the_last(index: SearchIndex) -> None:
    entries, urgent = make_demo(index, hand_over, UNTIL, days=60, seed=1)
    times = [entry.time for entry in entries]
    assert times == sorted(times)
    assert (times[0].date(), times[-1].date()) == (datetime.date(2026, 1, 31), UNTIL)
    # 60 days at 18 on a working day and 55 % of it at a weekend: 42.9 × 18 + 17.1 × 9.9 = 941, give or take.
    assert 820 <= len(entries) <= 1060
    assert {count.outcome for count in urgent} <= {Outcome.CRISIS, Outcome.EMERGENCY}


def test_an_answer_to_somebody_in_danger_is_counted_and_its_text_is_in_no_entry(index: SearchIndex) -> None:
    def in_danger(question: str) -> Answer:
        return Fallback(question, Outcome.CRISIS, "", ())

    entries, urgent = make_demo(index, in_danger, UNTIL, days=3, seed=1)
    assert entries == []
    assert sum(count.count for count in urgent) >= 20


def test_without_a_bank_there_is_nothing_to_draw_from(handmade: Any) -> None:
    from kbot.records import Document, Kind

    page = Document("faq", "FAQ", Kind.CLINIC_FAQ, "# A\n\nOne.\n", 0, "faq.md")
    with pytest.raises(InputError, match="no question bank"):
        make_demo(handmade(page), hand_over, UNTIL)


def test_a_topic_that_is_off_is_drawn_seldom(index: SearchIndex) -> None:
    entries, _ = make_demo(index, hand_over, UNTIL, days=60, seed=1)
    off = {text for topic in index.topics.topics if topic.kind is TopicKind.OFF_TOPIC for text in topic.phrasings}
    share = sum(any(text in entry.question.lower() for text in off) for entry in entries) / len(entries)
    assert share < 0.05
