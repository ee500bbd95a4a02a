from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kbot.search.index import SearchIndex, open_index
from kbot.search.reranker import OverlapReranker, Reranker

if TYPE_CHECKING:
    from kbot.service import Service


@pytest.fixture(scope="module")
def index(service: Service) -> SearchIndex:
    return open_index(service.settings)


def test_the_cross_encoder_tells_the_passage_that_answers_from_one_that_shares_words(index: SearchIndex) -> None:
    answers = "A session lasts about an hour."
    shares_words = "Ketamine was developed in the 1960s."
    nothing = "We accept most insurance plans."

    scores = index.reranker.score("How long does a ketamine session last?", [shares_words, answers, nothing])

    assert scores[1] > 3 > scores[0] > scores[2]


def test_a_score_does_not_depend_on_the_texts_around_it(index: SearchIndex) -> None:
    texts = ["A session lasts about an hour.", "Bring a towel. " * 40, ""]
    together = index.reranker.score("How long?", texts)
    assert together == [index.reranker.score("How long?", [text])[0] for text in texts]


def test_no_texts_have_no_scores(index: SearchIndex) -> None:
    assert index.reranker.score("How long?", []) == []


def test_the_overlap_reranker_counts_the_share_of_the_questions_words() -> None:
    reranker: Reranker = OverlapReranker()
    # The words are "long", "session" and "last"; the texts have none, two and three of them, in whatever form:
    # shares of 0, 2/3 and 1 as logits from -4 to 4.
    scores = reranker.score(
        "How long does a session last?", ["no", "the lasting sessions", "It lasts a long session"]
    )
    assert scores == pytest.approx([-4, 4 / 3, 4])
    assert reranker.score("What is it?", ["no"]) == [-4]
