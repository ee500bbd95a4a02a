from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kbot.answering.gate import Gate
from kbot.answering.judge import Judge, Judgement
from kbot.records import Document, Kind, Reason, TopicKind

if TYPE_CHECKING:
    from tests.conftest import HandmadeIndex

    from kbot.search.index import SearchIndex

PAGE = Document(
    "massage",
    "Massage",
    Kind.CLINIC_FAQ,
    "## How long does it take?\n\nA massage takes half an hour.\n\n"
    "## What does it cost?\n\nA massage costs forty dollars.\n\n"
    "## Where are you?\n\nOur rooms are at the harbour.\n",
    0,
    "massage.md",
)
TOPICS: dict[str, tuple[list[str], list[str]]] = {
    "duration": (["how long is a massage", "massage minutes"], ["A massage takes half an hour."]),
    "price": (["what does a massage cost", "massage price"], ["A massage costs forty dollars."]),
    "pregnancy": (["massage while pregnant"], []),
    "pain": (["my back hurts, should I have it"], []),
    "weather": (["will it rain tomorrow"], []),
}
KINDS = {"pain": TopicKind.PERSONAL, "weather": TopicKind.OFF_TOPIC}
# Answers where the answered topics have more than half of the probability.
HALF = {
    "bank": Gate(0.0, {"answered_log_odds": 1.0}, 0.5),
    "passages": Gate(0.0, {"reranker": 1.0}, 0.5),
}


@pytest.fixture(scope="module")
def index(handmade: HandmadeIndex) -> SearchIndex:
    return handmade(PAGE, topics=TOPICS, kinds=KINDS)


def judge(index: SearchIndex, question: str, **gates: Gate) -> Judgement:
    return Judge(index, rerank=6, gates=HALF | gates).judge(question, index.encoder.encode([question])[0])


def texts(judgement: Judgement) -> list[str]:
    return [choice.passage.text for choice in judgement.choices]


def test_a_question_of_the_bank_is_answered_with_its_quote(index: SearchIndex) -> None:
    judgement = judge(index, "massage price")
    assert (judgement.reason, judgement.missing) == (None, ())
    assert texts(judgement)[0] == "A massage costs forty dollars."
    assert judgement.probability > 0.9


def test_a_question_that_the_material_does_not_cover_names_what_is_missing_and_shows_what_is_near(
    index: SearchIndex,
) -> None:
    judgement = judge(index, "can I have a massage while pregnant")
    assert (judgement.reason, judgement.missing) == (Reason.NOT_COVERED, ("pregnancy",))
    assert judgement.probability < 0.5
    assert len(texts(judgement)) >= 1


def test_a_question_on_ones_own_case_is_a_clinicians_matter(index: SearchIndex) -> None:
    assert judge(index, "my back hurts should I have it").reason is Reason.PERSONAL_ADVICE


def test_a_question_about_something_else_is_off_topic_and_shows_nothing(index: SearchIndex) -> None:
    judgement = judge(index, "will it rain tomorrow")
    assert (judgement.reason, texts(judgement)) == (Reason.OFF_TOPIC, [])


def test_a_question_of_words_that_nobody_knows_is_unclear_and_shows_nothing(index: SearchIndex) -> None:
    judgement = judge(index, "blorp fnord", bank=Gate(-9.0, {"answered_log_odds": 0.0}, 0.5))
    assert judgement.reason in (Reason.UNCLEAR, Reason.OFF_TOPIC)
    assert texts(judgement) == []


def test_a_new_topic_is_missing_by_its_own_rarest_words(index: SearchIndex) -> None:
    judgement = judge(index, "massage price sarcoidosis", bank=Gate(0.0, {"uncovered_share": -9.0}, 0.5))
    assert (judgement.reason, judgement.missing) == (Reason.NOT_COVERED, ("sarcoidosis",))


def test_what_is_near_is_not_shown_twice(index: SearchIndex) -> None:
    shown = texts(judge(index, "massage price while pregnant", bank=Gate(-9.0, {"answered_log_odds": 0.0}, 0.5)))
    assert len(shown) == len(set(shown))


def test_the_trigger_names_the_gate_and_the_topics_for_staff(index: SearchIndex) -> None:
    assert judge(index, "massage price").trigger.startswith("gate ")
    assert "(price " in judge(index, "massage price").trigger


def test_the_cross_encoder_decides_between_topics_that_are_equally_likely(handmade: HandmadeIndex) -> None:
    index = handmade(
        PAGE,
        topics={
            "one": (["tell me about the massage"], ["A massage takes half an hour."]),
            "two": (["tell me about the massage"], ["A massage costs forty dollars."]),
        },
    )
    assert texts(judge(index, "tell me about the massage: dollars, cost"))[0] == "A massage costs forty dollars."
    assert texts(judge(index, "tell me about the massage: half an hour"))[0] == "A massage takes half an hour."


@pytest.mark.parametrize("question", ["massage cost in dollars", "where are the rooms at the harbour"])
def test_without_a_bank_the_cross_encoders_best_passage_answers(handmade: HandmadeIndex, question: str) -> None:
    judgement = judge(handmade(PAGE), question)
    assert judgement.reason is None
    expected = "A massage costs forty dollars." if "cost" in question else "Our rooms are at the harbour."
    assert texts(judgement)[0] == expected


def test_without_a_bank_words_that_no_passage_has_are_missing(handmade: HandmadeIndex) -> None:
    judgement = judge(handmade(PAGE), "acupuncture for sciatica and migraine")
    assert judgement.reason is Reason.NOT_COVERED
    assert set(judgement.missing) <= {"acupuncture", "sciatica", "migraine"}
    assert len(judgement.missing) == 2
    assert len(judgement.choices) <= 2


def test_a_bank_that_answers_nothing_never_answers(handmade: HandmadeIndex) -> None:
    index = handmade(PAGE, topics={"pregnancy": (["massage while pregnant"], [])})
    assert judge(index, "massage price").reason is not None
