from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.records import Document, Kind
from kbot.search.retriever import Retriever, fuse, readable

if TYPE_CHECKING:
    from tests.conftest import HandmadeIndex

    from kbot.search.index import SearchIndex

PAGE = Document(
    "massage",
    "Massage",
    Kind.CLINIC_ARTICLE,
    "# Massage\n\nIt loosens the back. It takes half an hour.\n\n## Prices\n\nA massage costs forty dollars.\n\n"
    "## Before you come\n\nBring:\n\n- a towel\n- a bottle of water\n",
    0,
    "massage.md",
)


@pytest.fixture(scope="module")
def index(handmade: HandmadeIndex) -> SearchIndex:
    return handmade(PAGE)


def search(index: SearchIndex, question: str, **settings: int) -> list[str]:
    retriever = Retriever(index, **settings)
    return [c.passage.text for c in retriever.search(question, index.encoder.encode([question])[0])]


def test_fusing_adds_the_reciprocal_ranks() -> None:
    assert fuse([["a", "b"], ["c", "b"]]) == {"b": 2 / 62, "a": 1 / 61, "c": 1 / 61}
    assert list(fuse([["a", "b"], ["c", "b"]])) == ["b", "a", "c"]


def test_a_small_constant_lets_the_first_rank_count_for_more() -> None:
    assert fuse([["a", "b", "c"], ["c"]], k=1) == pytest.approx({"c": 1 / 4 + 1 / 2, "a": 1 / 2, "b": 1 / 3})


ids = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)


@given(st.lists(ids, max_size=4))
def test_fused_scores_fall_and_hold_every_item_once(rankings: list[list[str]]) -> None:
    fused = fuse(rankings)
    assert set(fused) == {item for ranking in rankings for item in ranking}
    assert list(fused.values()) == sorted(fused.values(), reverse=True)
    assert sum(fused.values()) == pytest.approx(sum(1 / (60 + n) for r in rankings for n in range(1, len(r) + 1)))


@given(ids)
def test_one_ranking_alone_keeps_its_order(ranking: list[str]) -> None:
    assert list(fuse([ranking])) == ranking


def test_a_passage_is_read_with_its_heading_and_lead_in(index: SearchIndex) -> None:
    assert [readable(passage, PAGE.text) for passage in index.passages.values()] == [
        "Massage\nIt loosens the back. It takes half an hour.",
        "Prices\nA massage costs forty dollars.",
        "Before you come\nBring:\na towel",
        "Before you come\nBring:\na bottle of water",
    ]


def test_the_passage_with_the_questions_words_comes_first(index: SearchIndex) -> None:
    assert search(index, "How many dollars?")[0] == "A massage costs forty dollars."
    assert search(index, "a bottle?")[0] == "a bottle of water"


def test_at_most_so_many_candidates_are_returned(index: SearchIndex) -> None:
    assert len(search(index, "massage", candidates=2)) == 2
    assert len(search(index, "massage", candidates=20)) == 4


def test_a_candidate_carries_what_was_measured_of_it(index: SearchIndex) -> None:
    question = "forty dollars"
    vector = index.encoder.encode([question])[0]

    best = Retriever(index).search(question, vector)[0]

    cosines = dict(index.vectors.search(vector, 10))
    assert best.cosine == pytest.approx(cosines[best.passage.id])
    assert best.keywords == pytest.approx(dict(index.keywords.search(question, 10))[best.passage.id])
    assert best.fused == pytest.approx(2 / 61)
    assert (best.logit, best.bank) == (None, 0.0)
    assert best.passage.text[slice(*best.highlight)] == "A massage costs forty dollars."


def test_a_passage_that_vectors_and_keywords_both_miss_is_no_candidate(handmade: HandmadeIndex) -> None:
    index = handmade(PAGE)
    index.vectors.replace([], index.encoder.encode([]))
    assert search(index, "dollars") == ["A massage costs forty dollars."]


def test_the_highlight_is_the_sentence_nearest_to_the_question(handmade: HandmadeIndex) -> None:
    index = handmade(PAGE)
    passage = next(iter(index.passages.values()))
    sentences = [passage.text[slice(*span)] for span in passage.sentences]
    ids = [passage.id, f"{passage.id}~0", f"{passage.id}~1"]
    index.vectors.replace(ids, index.encoder.encode([passage.text, *sentences]))
    vector = index.encoder.encode(["half an hour"])[0]

    best = Retriever(index).search("half an hour", vector)[0]

    assert best.passage == passage
    assert passage.text[slice(*best.highlight)] == "It takes half an hour."
    assert best.cosine == pytest.approx(float(vector @ index.encoder.encode([sentences[1]])[0]))


def test_the_cross_encoder_orders_what_it_read_and_leaves_the_rest_as_it_was(index: SearchIndex) -> None:
    retriever = Retriever(index, rerank=2)
    candidates = retriever.search("massage", index.encoder.encode(["massage"])[0])
    question = candidates[1].passage.text

    reranked = retriever.rerank(question, candidates)

    assert [c.passage for c in reranked] == [candidates[at].passage for at in (1, 0, 2, 3)]
    assert reranked[0].logit == 4.0
    assert [c.logit is None for c in reranked] == [False, False, True, True]


def test_nothing_is_reranked_where_nothing_was_found(index: SearchIndex) -> None:
    assert Retriever(index).rerank("massage", []) == []
