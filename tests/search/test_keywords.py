from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.errors import IndexDamagedError
from kbot.search.keywords import KeywordIndex
from kbot.text import terms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TEXTS = [
    "Ketamine helps depression",  # 3 terms
    "A ketamine infusion takes an hour; an infusion is given into a vein",  # 5 terms
    "Insurance pays",  # 2 terms
    "the of and",  # none
]
IDS = ["depression", "infusion", "insurance", "nothing"]


def bm25(question: str, texts: Sequence[str], *, k1: float = 1.5, b: float = 0.75) -> list[float]:
    """Return BM25 as Lucene has it, written out: sum of idf * tf / (tf + k1 * (1 - b + b * length / mean))."""
    rows = [terms(text) for text in texts]
    mean = sum(map(len, rows)) / len(rows)
    scores = [0.0] * len(rows)
    for term in set(terms(question)):
        holding = sum(term in row for row in rows)
        if holding:
            idf = math.log(1 + (len(rows) - holding + 0.5) / (holding + 0.5))
            for at, row in enumerate(rows):
                tf = row.count(term)
                scores[at] += idf * tf / (tf + k1 * (1 - b + b * len(row) / mean))
    return scores


@pytest.fixture
def index() -> KeywordIndex:
    index = KeywordIndex()
    index.replace(IDS, TEXTS)
    return index


def test_a_score_is_bm25_worked_by_hand(index: KeywordIndex) -> None:
    # "infusion" twice among 6 terms of one text in four; the texts have 3, 6, 2 and 0 terms, 2.75 on average:
    # idf ln(1 + 3.5 / 1.5) = 1.20397; 2 / (2 + 1.5 * (0.25 + 0.75 * 6 / 2.75)) = 0.41408
    assert [len(terms(text)) for text in TEXTS] == [3, 6, 2, 0]
    assert dict(index.search("infusions?", 5)) == pytest.approx({"infusion": 1.20397 * 0.41408}, abs=1e-4)


@given(
    st.lists(st.text(alphabet="abcd ", max_size=24), min_size=1, max_size=12), st.text(alphabet="abcd ", max_size=12)
)
def test_ranks_and_scores_are_those_of_the_formula(texts: list[str], question: str) -> None:
    index = KeywordIndex()
    index.replace([str(at) for at in range(len(texts))], texts)

    found = dict(index.search(question, len(texts)))

    expected = {str(at): score for at, score in enumerate(bm25(question, texts)) if score > 0}
    assert found == pytest.approx(expected, rel=1e-4)
    assert list(found.values()) == sorted(found.values(), reverse=True)


@pytest.mark.parametrize("sorted_from", [0, 10**9])
def test_both_ways_to_look_at_the_scores_find_the_same(
    index: KeywordIndex, monkeypatch: pytest.MonkeyPatch, sorted_from: int
) -> None:
    monkeypatch.setattr("kbot.search.keywords._SORTED_FROM", sorted_from)
    assert [id_ for id_, _ in index.search("ketamine infusion", 5)] == ["infusion", "depression"]
    assert [id_ for id_, _ in index.search("insurance", 5)] == ["insurance"]


def test_at_most_so_many_are_found_as_asked_for(index: KeywordIndex) -> None:
    assert [id_ for id_, _ in index.search("ketamine", 5)] == ["depression", "infusion"]
    assert [id_ for id_, _ in index.search("ketamine", 1)] == ["depression"]


@pytest.mark.parametrize("question", ["", "the of and", "zebra", "🦓", "?!"])
def test_a_question_without_a_known_word_finds_nothing(index: KeywordIndex, question: str) -> None:
    assert index.search(question, 5) == []


def test_a_word_said_twice_counts_once(index: KeywordIndex) -> None:
    assert index.search("ketamine ketamine", 5) == index.search("ketamine", 5)


def test_replace_forgets_what_was_there(index: KeywordIndex) -> None:
    index.replace(["new"], ["massage"])
    assert index.search("ketamine", 5) == []
    assert [id_ for id_, _ in index.search("massages", 5)] == ["new"]
    assert len(index) == 1


@pytest.mark.parametrize("texts", [TEXTS, ["the", "of"], []])
def test_an_index_that_was_saved_finds_the_same(tmp_path: Path, texts: list[str]) -> None:
    index = KeywordIndex()
    index.replace(IDS[: len(texts)], texts)
    index.save(tmp_path / "keywords")

    again = KeywordIndex.load(tmp_path / "keywords")

    question = "ketamine infusion insurance"
    assert again.search(question, 5) == index.search(question, 5)
    assert len(again) == len(texts)


@pytest.mark.parametrize("data", [None, b"", b"[]", b'{"ids": []}', b"\xff"])
def test_a_damaged_list_of_ids_is_refused(index: KeywordIndex, tmp_path: Path, data: bytes | None) -> None:
    index.save(tmp_path)
    if data is None:
        (tmp_path / "ids.json").unlink()
    else:
        (tmp_path / "ids.json").write_bytes(data)

    with pytest.raises(IndexDamagedError, match="run `kbot build`"):
        KeywordIndex.load(tmp_path).search("ketamine", 5)


def test_a_damaged_array_is_refused_at_the_first_question(index: KeywordIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    (tmp_path / "bm25" / "data.csc.index.npy").write_bytes(b"rubbish")

    with pytest.raises(IndexDamagedError, match="run `kbot build`"):
        KeywordIndex.load(tmp_path).search("ketamine", 5)
