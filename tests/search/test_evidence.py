from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from kbot.records import Document, Kind, TopicKind
from kbot.search.evidence import Evidence, Witness

if TYPE_CHECKING:
    from tests.conftest import HandmadeIndex

    from kbot.search.index import SearchIndex

PAGE = Document(
    "massage",
    "Massage",
    Kind.CLINIC_FAQ,
    "## How long does it take?\n\nA massage takes half an hour.\n\n"
    "## What does it cost?\n\nForty dollars. Tips stay.\n",
    0,
    "massage.md",
)
TOPICS: dict[str, tuple[list[str], list[str]]] = {
    "duration": (["how long is a massage", "massage minutes"], ["A massage takes half an hour."]),
    "price": (["what does a massage cost", "massage price"], ["Forty dollars.", "Tips stay.", "half an hour"]),
    "pregnancy": (["massage while pregnant"], []),
    "pain": (["my back hurts, what should I do"], []),
    "weather": (["will it rain tomorrow"], []),
}


@pytest.fixture(scope="module")
def index(handmade: HandmadeIndex) -> SearchIndex:
    return handmade(PAGE, topics=TOPICS, kinds={"pain": TopicKind.PERSONAL, "weather": TopicKind.OFF_TOPIC})


def collect(index: SearchIndex, question: str) -> Evidence:
    return Witness(index).collect(question, index.encoder.encode([question])[0])


def test_a_known_phrasing_is_believed_to_belong_to_its_topic(index: SearchIndex) -> None:
    evidence = collect(index, "massage price")
    assert [belief.topic.id for belief in evidence.answered] == ["price"]
    assert evidence.answered[0].probability > 0.95
    assert evidence.features["nearest_answered"] == pytest.approx(1.0)


def test_beliefs_are_the_topics_shares_best_first(index: SearchIndex) -> None:
    evidence = collect(index, "massage")
    probabilities = index.topics.match(evidence.vector).probabilities
    by_id = {topic.id: float(p) for topic, p in zip(index.topics.topics, probabilities, strict=True)}
    for beliefs in (evidence.answered, evidence.rivals):
        shares = [belief.probability for belief in beliefs]
        assert shares == [by_id[belief.topic.id] for belief in beliefs]
        assert shares == sorted(shares, reverse=True)
        assert min(shares) >= 0.15 * max(shares)


def test_topics_that_nothing_answers_are_rivals(index: SearchIndex) -> None:
    evidence = collect(index, "can I have a massage while pregnant?")
    assert evidence.rivals[0].topic.id == "pregnancy"
    assert evidence.features["best_against_rival"] < 0
    assert {belief.topic.kind for belief in evidence.rivals} & {TopicKind.ANSWERED} == set()


def test_shares_of_the_kinds_sum_to_one(index: SearchIndex) -> None:
    shares = collect(index, "will it rain").share
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares[TopicKind.OFF_TOPIC] > 0.9


def test_words_that_neither_topics_nor_their_passages_have_are_left_over_rarest_first(index: SearchIndex) -> None:
    evidence = collect(index, "massage price in Zanzibar of the reflexologist with a tip")
    # "tip" stands in the quoted passage; "of", "the", "in", "with" carry no meaning.
    assert set(evidence.uncovered) == {"zanzibar", "reflexologist"}
    assert set(evidence.covered) == {"massage", "price", "tip"}
    assert evidence.features["unseen_words"] == 2
    assert evidence.features["terms"] == 5


def test_a_word_is_covered_by_one_that_means_the_same(index: SearchIndex) -> None:
    # A lexicon for every clinic says so: session, treatment, therapy; "take" and "hour" stand in the passage.
    assert collect(index, "price of the massages").uncovered == ()
    assert collect(index, "massage price dollars hour").uncovered == ()


def test_an_uncovered_word_is_named_once_in_the_form_it_was_typed(index: SearchIndex) -> None:
    assert collect(index, "massage price zebra Zebras").uncovered == ("zebra",)


def test_a_share_of_what_is_left_over_weighs_words_by_how_much_they_say(index: SearchIndex) -> None:
    one = collect(index, "massage price zanzibar").features
    two = collect(index, "massage price zanzibar reflexologist").features
    assert collect(index, "massage price").features["uncovered_share"] == 0
    assert 0.5 < one["uncovered_share"] < two["uncovered_share"] < 1
    # Four of the five topics... "massage" is in 3 of 5 topics: log((5 + 1) / 3); unseen ones weigh the most.
    weights = {"massage": math.log(6 / 3), "price": math.log(6 / 1)}
    unseen = max(math.log(6 / 1), *weights.values()) + 1  # not in English either
    assert one["uncovered_share"] == pytest.approx(unseen / (unseen + sum(weights.values())))
    assert one["uncovered_rarest"] == pytest.approx(unseen)


def test_quotes_are_weighed_by_their_place_and_a_passage_counts_once(index: SearchIndex) -> None:
    evidence = collect(index, "massage price")
    texts = [index.passages[quote.passage_id].text for quote in evidence.quotes]
    assert texts == ["Forty dollars. Tips stay.", "A massage takes half an hour."]
    assert [quote.weight for quote in evidence.quotes] == [pytest.approx(1.0), pytest.approx(0.8)]
    assert texts[0][slice(*evidence.quotes[0].span)] == "Forty dollars."


def test_a_passage_that_two_topics_quote_gains_the_weight_of_both(handmade: HandmadeIndex) -> None:
    index = handmade(
        PAGE, topics={"one": (["massage"], ["Forty dollars."]), "two": (["massage"], ["Forty dollars."])}
    )
    (quote,) = collect(index, "massage").quotes
    assert quote.weight == pytest.approx(1.0)


def test_without_a_bank_the_best_passage_covers_words(handmade: HandmadeIndex) -> None:
    index = handmade(PAGE)
    best = next(iter(index.passages.values()))
    question = "how long in hours in Zanzibar"
    evidence = Witness(index).collect(question, index.encoder.encode([question])[0], best=best)
    assert (evidence.answered, evidence.rivals, evidence.quotes) == ((), (), ())
    assert evidence.uncovered == ("zanzibar",)
    assert set(evidence.share.values()) == {0.0}


@pytest.mark.parametrize("question", ["", "the of and", "🦓", "?" * 500])
def test_a_question_without_words_has_features_all_the_same(index: SearchIndex, question: str) -> None:
    features = collect(index, question).features
    assert (features["uncovered_share"], features["uncovered_rarest"], features["terms"]) == (0, 0, 0)
    assert all(math.isfinite(value) for value in features.values())


def test_a_held_out_bank_takes_the_place_of_the_indexs_own(index: SearchIndex, handmade: HandmadeIndex) -> None:
    fewer = handmade(PAGE, topics={"duration": TOPICS["duration"]}).topics
    evidence = Witness(index, fewer).collect("massage price", index.encoder.encode(["massage price"])[0])
    assert [belief.topic.id for belief in evidence.answered] == ["duration"]
    assert evidence.uncovered == ("price",)
