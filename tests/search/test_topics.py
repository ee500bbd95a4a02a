from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kbot.errors import IndexDamagedError
from kbot.records import Quote, Span, Topic, TopicKind
from kbot.search.topics import TopicIndex, phrasing_ids
from kbot.search.vectors import FaissStore

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TOPICS = (
    Topic("prices", "Prices", TopicKind.ANSWERED, ("what does it cost", "price"), (Quote("page#1", Span(0, 4)),)),
    Topic("pregnancy", "Pregnancy", TopicKind.NOT_COVERED, ("while pregnant",), (), "pregnancy", ("expecting",)),
)
EAST, NORTH = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
BETWEEN = np.array([math.cos(math.pi / 6), math.sin(math.pi / 6)], np.float32)  # 30° from east


def bank(head: NDArray[np.float32] | None = None) -> TopicIndex:
    store = FaissStore(2)
    store.replace([id_ for topic in TOPICS for id_ in phrasing_ids(topic)], np.stack([EAST, -EAST, NORTH]))
    return TopicIndex(TOPICS, store, head)


def test_phrasings_are_numbered_within_their_topic() -> None:
    assert phrasing_ids(TOPICS[0]) == ["prices~0", "prices~1"]


def test_nearest_is_the_best_cosine_of_a_topics_phrasings() -> None:
    nearest = bank().match(BETWEEN).nearest
    assert nearest == pytest.approx({"prices": math.cos(math.pi / 6), "pregnancy": 0.5}, abs=1e-6)


def test_without_a_classifier_the_nearest_phrasings_vote() -> None:
    probabilities = bank().match(BETWEEN).probabilities
    # A softmax of 20 times the cosine: 1 / (1 + exp(20 * (0.5 - 0.8660)))
    assert probabilities == pytest.approx([0.99934, 0.00066], abs=1e-5)


def test_a_classifier_decides_where_there_is_one() -> None:
    # Logits: prices 0 * x + 1 * y + 0, pregnancy 2 * x + 0 * y - 1
    head = np.array([[0, 1, 0], [2, 0, -1]], np.float32)
    probabilities = bank(head).match(BETWEEN).probabilities
    logits = np.array([0.5, math.sqrt(3) - 1])
    assert probabilities == pytest.approx(np.exp(logits) / np.exp(logits).sum(), abs=1e-6)
    assert probabilities.sum() == pytest.approx(1.0)


def test_a_question_far_from_all_topics_does_not_overflow() -> None:
    head = np.array([[3e38, 0, 0], [0, 0, -3e38]], np.float32)
    assert bank(head).match(EAST).probabilities == pytest.approx([1.0, 0.0])


def test_an_empty_bank_matches_nothing() -> None:
    empty = TopicIndex([], FaissStore(2), None)
    match = empty.match(EAST)
    assert (len(empty), len(match.probabilities), match.nearest) == (0, 0, {})


def test_a_topic_is_found_by_its_id() -> None:
    assert bank()["pregnancy"] == TOPICS[1]
    assert bank().answered.tolist() == [True, False]
    assert bank().terms == (frozenset({"cost", "price"}), frozenset({"pregnant"}))


@pytest.mark.parametrize("head", [None, np.eye(2, 3, dtype=np.float32)])
def test_a_bank_that_was_saved_matches_the_same(tmp_path: Path, head: NDArray[np.float32] | None) -> None:
    bank(head).save(tmp_path)
    again = TopicIndex.load(tmp_path)
    assert again.topics == TOPICS
    assert again.terms == bank().terms
    np.testing.assert_array_equal(again.match(BETWEEN).probabilities, bank(head).match(BETWEEN).probabilities)
    assert again.vectors()[0] == ["prices~0", "prices~1", "pregnancy~0"]


@pytest.mark.parametrize("name", ["topics.json", "head.npy", "questions.faiss", "questions.json"])
def test_damaged_files_are_refused(tmp_path: Path, name: str) -> None:
    bank(np.eye(2, 3, dtype=np.float32)).save(tmp_path)
    (tmp_path / name).write_bytes(b"\x80rubbish")
    with pytest.raises(IndexDamagedError, match="run `kbot build`"):
        TopicIndex.load(tmp_path)


def test_a_classifier_of_another_bank_is_refused(tmp_path: Path) -> None:
    bank(np.eye(3, dtype=np.float32)).save(tmp_path)
    with pytest.raises(IndexDamagedError, match=r"head\.npy is of another question bank"):
        TopicIndex.load(tmp_path)


def test_a_classifier_that_would_run_code_is_refused(tmp_path: Path) -> None:
    bank().save(tmp_path)
    np.save(tmp_path / "head.npy", np.array([{"a": 1}, {}], dtype=object), allow_pickle=True)
    with pytest.raises(IndexDamagedError, match="run `kbot build`"):
        TopicIndex.load(tmp_path)


def test_topics_are_plain_json(tmp_path: Path) -> None:
    bank().save(tmp_path)
    rows = json.loads((tmp_path / "topics.json").read_text(encoding="utf-8"))
    assert [row["id"] for row in rows] == ["prices", "pregnancy"]
