from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kbot.cache import AnswerCache
from kbot.records import Fallback, Found, Outcome, Reason, Resource

if TYPE_CHECKING:
    from kbot.records import Answer
    from kbot.service import Service

LIFELINE = Resource("988 Suicide & Crisis Lifeline", call="988")
CLINIC = Resource("The clinic", call="(555) 010-0100")
BYTES = 100_000


def found(question: str, message: str = "Here it is.") -> Found:
    return Found(question, message, (), 0.9)


@pytest.fixture
def cache() -> AnswerCache:
    return AnswerCache(BYTES, max_question=2000)


@pytest.fixture(scope="module")
def remembering(service: Service) -> Service:
    """The real service with a cache of its own."""
    return service.renewed(service.bot.index)


def test_the_same_conversation_gets_the_same_answer_with_the_question_as_it_was_typed_now(cache: AnswerCache) -> None:
    assert cache.keep(["hello", "What does it cost?"], found("What does it cost?", "A lot."))

    assert cache.find(["hello", " What  does it cost?"]) == found(" What  does it cost?", "A lot.")


@pytest.mark.parametrize(
    "turns",
    [
        ["What does it cost?"],
        ["What does it cost?", "hello"],
        ["hello", "What does it cost"],
        ["hello", "what does it cost?"],
        ["hello", "", "What does it cost?"],
        ["helloWhat does it cost?", ""],
        [],
    ],
)
def test_another_conversation_is_not_taken_for_it(cache: AnswerCache, turns: list[str]) -> None:
    cache.keep(["hello", "What does it cost?"], found("What does it cost?"))

    assert cache.find(turns) is None


@pytest.mark.parametrize(
    "answer",
    [
        Fallback("q", Outcome.CRISIS, "...", (CLINIC,)),
        Fallback("q", Outcome.EMERGENCY, "...", (CLINIC,)),
        Fallback("q", Outcome.CLINICIAN, "...", (CLINIC, LIFELINE), Reason.NOT_COVERED),
        replace(found("q"), resources=(LIFELINE,)),
    ],
)
def test_nothing_is_kept_of_what_was_met_with_988(cache: AnswerCache, answer: Answer) -> None:
    assert not cache.keep(["q"], answer)
    assert cache.state.entries == 0


def test_neither_the_question_nor_the_turns_before_it_are_kept(cache: AnswerCache) -> None:
    cache.keep(["my name is Ada", "Does Ada need it?"], found("Does Ada need it?"))

    assert "Ada" not in repr(list(cache._answers.items()))  # noqa: SLF001  what it holds is what this is about


def test_it_holds_no_more_bytes_than_it_may_and_lets_go_of_what_was_used_longest_ago(cache: AnswerCache) -> None:
    for number in range(200):
        cache.keep([f"question {number}"], found(f"question {number}", "x" * 1000))
        cache.find(["question 0"])

    assert cache.state.size <= BYTES
    assert 10 < cache.state.entries < 25  # at up to 4 bytes a character
    assert cache.find(["question 0"]) is not None
    assert cache.find(["question 1"]) is None


def test_it_holds_no_more_answers_than_it_may() -> None:
    cache = AnswerCache(3 * 30_000, max_question=2000, most=3)
    for number in range(10):
        cache.keep([f"question {number}"], found(f"question {number}", "short"))

    assert cache.state.entries == 3


def test_an_answer_larger_than_the_cache_and_a_very_long_conversation_are_not_kept(cache: AnswerCache) -> None:
    assert not cache.keep(["q"], found("q", "x" * BYTES))
    assert not cache.keep(["x" * 5000], found("x" * 5000))


def test_answers_are_forgotten_after_their_time() -> None:
    cache = AnswerCache(BYTES, max_question=2000, life=0.0)
    cache.keep(["q"], found("q"))

    assert cache.find(["q"]) is None


def test_a_visitors_repeated_question_is_answered_from_memory_as_it_was_answered_before(remembering: Service) -> None:
    follow_up = ["What is esketamine?", "how long do they monitor you after it?"]
    for turns in (["What does it cost?"], follow_up, ["hello"]):
        first = remembering.ask(turns, channel="chat")
        again = remembering.recall(turns, channel="chat")

        assert again is not None
        assert (again.answer, again.build) == (first.answer, first.build)


@pytest.mark.parametrize("turn", ["I want to die", "I can't breathe", "does it help with suicidal thoughts"])
def test_people_in_danger_are_answered_anew_every_time(remembering: Service, turn: str) -> None:
    remembering.ask([turn], channel="chat")
    remembering.ask([turn, "What are the side effects?"], channel="chat")

    assert remembering.recall([turn], channel="chat") is None
    assert remembering.recall(["I want to die", "What are the side effects?"], channel="chat") is None


def test_questions_of_tests_and_evaluation_are_not_kept(remembering: Service) -> None:
    remembering.ask(["Is it painful at all?"])

    assert remembering.recall(["Is it painful at all?"], channel="rest") is None


def test_another_build_begins_with_an_empty_memory(remembering: Service) -> None:
    remembering.ask(["What does it cost?"], channel="chat")

    assert remembering.renewed(remembering.bot.index).recall(["What does it cost?"], channel="chat") is None
