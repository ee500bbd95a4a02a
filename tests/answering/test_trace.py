from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from kbot.answering.bot import Bot
from kbot.answering.notes import Notes
from kbot.answering.trace import trace
from kbot.records import Document, Fallback, Found, Kind, Outcome

if TYPE_CHECKING:
    from kbot.answering.trace import Trace

PAGE = """# Harbour FAQ

## How long does a session take?

A session takes forty minutes.

## What are the side effects?

Nausea and dizziness are common side effects.
"""
TOPICS = {
    "length": (["how long does a session take", "session length"], ["A session takes forty minutes."]),
    "pregnancy": (["is it safe during pregnancy", "pregnant women"], []),
}


@pytest.fixture(scope="module")
def bot(handmade: Any) -> Bot:
    return Bot(handmade(Document("faq", "Harbour FAQ", Kind.CLINIC_FAQ, PAGE, 0, "faq.md"), topics=TOPICS))


def follow(bot: Bot, *turns: str) -> Trace:
    return trace(bot, turns, max_question=2000, rerank=2)


def test_the_traced_answer_is_the_one_that_a_visitor_gets(bot: Bot) -> None:
    for question in ("how long does a session take", "is it safe during pregnancy", "hello", "i want to die", ""):
        assert follow(bot, question).answer == bot.ask([question])


def test_notes_change_no_answer(bot: Bot) -> None:
    turns = ["how long does a session take", "and during pregnancy"]

    assert bot.ask(turns, Notes()) == bot.ask(turns)


def test_the_parts_of_the_gate_add_up_to_its_probability(bot: Bot) -> None:
    traced = follow(bot, "how long does a session take")

    assert traced.search is not None
    gate = traced.search.gate
    assert isinstance(traced.answer, Found)
    assert gate.answers
    assert gate.log_odds == pytest.approx(gate.intercept + sum(f.value * f.weight for f in gate.features))
    assert gate.probability == pytest.approx(1 / (1 + math.exp(-gate.log_odds)))


def test_every_topic_is_named_with_its_share(bot: Bot) -> None:
    search = follow(bot, "pregnant women").search

    assert search is not None
    assert [each.topic.id for each in search.topics] == ["pregnancy", "length"]
    assert sum(each.share for each in search.topics) == pytest.approx(1)
    assert search.topics[0].cosine == pytest.approx(1, abs=1e-5)


def test_candidates_carry_every_score_and_as_many_are_reread_as_asked(bot: Bot) -> None:
    search = follow(bot, "how long does a session take").search

    assert search is not None
    first = search.candidates[0]
    assert first.passage.text == "A session takes forty minutes."
    assert first.keywords > 0
    assert first.fused == pytest.approx(2 / 61)
    assert [candidate.logit is not None for candidate in search.candidates] == [True, True]


def test_a_follow_up_names_both_texts_that_are_mixed(bot: Bot) -> None:
    alone = follow(bot, "hello", "nausea and dizziness").search
    leaning = follow(bot, "session length", "and for pregnant women").search

    assert alone is not None
    assert alone.mixed == ("nausea and dizziness",)
    assert leaning is not None
    assert leaning.mixed == ("and for pregnant women", "session length and for pregnant women")


def test_mended_spelling_is_named(bot: Bot) -> None:
    search = follow(bot, "sesion length").search

    assert search is not None
    assert search.corrections == (("sesion", "session"),)
    assert search.question == "session length"


def test_a_crisis_never_reaches_the_search_and_says_what_triggered_it(bot: Bot) -> None:
    traced = follow(bot, "I wanna k1ll mysеlf")  # with a Cyrillic e

    assert isinstance(traced.answer, Fallback)
    assert traced.answer.outcome is Outcome.CRISIS
    assert traced.folded == "i want to kill myself"
    assert "kill myself" in traced.flags[0].trigger
    assert traced.search is None
    assert [step.name for step in traced.times] == ["triage", "passages and reply"]


def test_times_are_those_of_the_steps_in_order(bot: Bot) -> None:
    times = follow(bot, "how long does a session take").times

    assert [step.name for step in times] == [
        "triage", "reading and encoding", "topics, words and gate", "passages and reply",
    ]  # fmt: skip
    assert all(step.ms > 0 for step in times)


def test_what_is_shown_is_named_by_its_passages(bot: Bot) -> None:
    traced = follow(bot, "how long does a session take")

    assert isinstance(traced.answer, Found)
    assert traced.shown == tuple(passage.id for passage in traced.answer.passages)
