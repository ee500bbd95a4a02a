from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kbot.answering.bot import Bot
from kbot.records import Answer, Document, Fallback, Found, Kind, Outcome, Reason, TopicKind

if TYPE_CHECKING:
    from tests.conftest import HandmadeIndex

PAGE = Document(
    "massage",
    "Massage",
    Kind.CLINIC_FAQ,
    "## How long does it take?\n\nA massage takes half an hour.\n\n"
    "## What does it cost?\n\nA massage costs forty dollars. Children pay half.\n\n"
    "## Does it help with thoughts of suicide?\n\nA massage does not treat suicidal thoughts.\n",
    0,
    "massage.md",
)
TOPICS: dict[str, tuple[list[str], list[str]]] = {
    "duration": (["how long is a massage", "massage minutes"], ["A massage takes half an hour."]),
    "price": (["what does a massage cost", "massage price"], ["Children pay half."]),
    "suicide": (["does massage help with suicidal thoughts"], ["A massage does not treat suicidal thoughts."]),
    "pregnancy": (["massage while pregnant"], []),
    "weather": (["will it rain tomorrow"], []),
}


@pytest.fixture(scope="module")
def bot(handmade: HandmadeIndex) -> Bot:
    return Bot(handmade(PAGE, topics=TOPICS, kinds={"weather": TopicKind.OFF_TOPIC}))


def found(answer: Answer) -> Found:
    assert isinstance(answer, Found)
    return answer


def fallback(answer: Answer) -> Fallback:
    assert isinstance(answer, Fallback)
    return answer


def test_an_answer_is_the_passage_with_the_sentence_that_answers_marked(bot: Bot) -> None:
    answer = found(bot.ask(["massage price"]))
    best = answer.passages[0]
    assert best.text == "A massage costs forty dollars. Children pay half."
    assert best.text[slice(*best.highlight)] == "Children pay half."
    assert PAGE.text[best.start : best.end] == best.text
    assert answer.question == "massage price"
    assert 0.5 < answer.confidence <= 1


def test_a_question_is_given_back_as_it_was_typed(bot: Bot) -> None:
    assert bot.ask(["  Massage\u200b  PRICE ?"]).question == "  Massage\u200b  PRICE ?"


def test_what_is_missing_is_named_in_the_message(bot: Bot) -> None:
    answer = fallback(bot.ask(["massage while pregnant"]))
    assert (answer.reason, answer.missing) == (Reason.NOT_COVERED, ("pregnancy",))
    assert "pregnancy" in answer.message
    assert [person.call for person in answer.resources] == ["(555) 010-0100"]


def test_another_topic_is_refused_kindly_and_shows_nothing(bot: Bot) -> None:
    answer = fallback(bot.ask(["will it rain tomorrow"]))
    assert (answer.reason, answer.related, answer.missing) == (Reason.OFF_TOPIC, (), ())


@pytest.mark.parametrize("turns", [[], [""], ["?"], ["massage price", " "], ["massage price", "🦓"]])
def test_an_empty_turn_suggests_questions_that_can_be_answered(bot: Bot, turns: list[str]) -> None:
    answer = fallback(bot.ask(turns))
    assert answer.reason is Reason.UNCLEAR
    assert answer.suggestions == (
        "How long does it take?",
        "What does it cost?",
        "Does it help with thoughts of suicide?",
    )


def test_danger_comes_before_every_search(bot: Bot) -> None:
    for turns in (["I want to kill myself"], ["massage price", "i want to die, massage price"]):
        answer = fallback(bot.ask(turns))
        assert answer.outcome is Outcome.CRISIS
        assert "988" in {person.call for person in answer.resources}
        assert (answer.related, answer.reason) == ((), None)


def test_suicide_as_a_topic_is_answered_with_the_lifeline_beside_it(bot: Bot) -> None:
    answer = found(bot.ask(["does massage help with suicidal thoughts"]))
    assert answer.passages[0].text == "A massage does not treat suicidal thoughts."
    assert answer.resources[0].call == "988"


def test_a_greeting_is_greeted(bot: Bot) -> None:
    assert fallback(bot.ask(["hello"])).outcome is Outcome.GREETING


def test_a_wish_for_a_person_is_met_with_the_clinics_number(bot: Bot) -> None:
    answer = fallback(bot.ask(["can I talk to a real person please"]))
    assert answer.reason is Reason.ASKED_FOR_A_PERSON
    assert answer.resources[0].call == "(555) 010-0100"


def test_turns_are_read_normalised_written_out_and_without_the_blank_ones(bot: Bot) -> None:
    assert bot.read(["", "massge\u200b  price", "?!", "w/o an appt"]) == ["massage price", "without an appointment"]


def test_only_the_last_turns_are_remembered(bot: Bot) -> None:
    assert len(bot.read(["massage"] * 50)) == 6


def test_a_question_is_judged_up_to_its_limit(handmade: HandmadeIndex) -> None:
    bot = Bot(handmade(PAGE, topics=TOPICS), max_question=50)
    assert bot.read(["massage price " + "zebra " * 500]) == ["massage price " + "zebra " * 5 + "zebra"]


def test_examples_are_headings_of_faq_documents_each_once(handmade: HandmadeIndex) -> None:
    article = Document("article", "Article", Kind.CLINIC_ARTICLE, "# Why?\n\nBecause.\n", 0, "article.md")
    twice = Document("faq", "FAQ", Kind.CLINIC_FAQ, "# How?\n\nSo.\n\nAnd so.\n\n# When?\n\nNow.\n", 0, "faq.md")
    bot = Bot(handmade(article, twice))
    assert bot.examples(5) == ["How?", "When?"]
    assert bot.examples(1) == ["How?"]


def test_without_a_bank_a_passage_that_shares_the_words_answers(handmade: HandmadeIndex) -> None:
    answer = bot_answer(handmade, "how long does it take, half an hour?")
    assert answer.passages[0].text == "A massage takes half an hour."


def bot_answer(handmade: HandmadeIndex, question: str) -> Found:
    return found(Bot(handmade(PAGE)).ask([question]))
