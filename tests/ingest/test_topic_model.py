from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from kbot.ingest.topic_model import train_head
from kbot.records import Topic, TopicKind
from kbot.search.topics import TopicIndex
from kbot.search.vectors import FaissStore

EAST, NORTH, WEST = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)


def most_likely(head: np.ndarray[tuple[int, int], np.dtype[np.float32]], vector: object, count: int) -> int:
    topics = [Topic(str(number), "", TopicKind.ANSWERED, ()) for number in range(count)]
    return int(TopicIndex(topics, FaissStore(2), head).match(np.asarray(vector, np.float32)).probabilities.argmax())


@pytest.mark.parametrize("corners", [[EAST, NORTH], [EAST, NORTH, WEST]])
def test_each_phrasing_belongs_to_its_own_topic(corners: list[np.ndarray[tuple[int], np.dtype[np.float32]]]) -> None:
    head = train_head(np.stack(corners), range(len(corners)), len(corners))
    assert head is not None
    assert head.shape == (len(corners), 3)
    assert [most_likely(head, corner, len(corners)) for corner in corners] == list(range(len(corners)))


def test_a_topic_without_phrasings_is_never_the_answer() -> None:
    head = train_head(np.stack([EAST, NORTH, WEST]), [0, 1, 3], 4)
    assert head is not None
    angles = np.linspace(0, 2 * np.pi, 16)
    assert 2 not in {most_likely(head, [np.cos(a), np.sin(a)], 4) for a in angles}


@pytest.mark.parametrize("topics", [[], [0, 0]])
def test_fewer_than_two_topics_are_not_told_apart(topics: list[int]) -> None:
    assert train_head(np.zeros((len(topics), 2), np.float32), topics, 1) is None


def test_of_two_topics_each_is_the_mirror_of_the_other() -> None:
    head = train_head(np.stack([EAST, WEST]), [0, 1], 2)
    assert head is not None
    # By symmetry nothing is known of what lies between them, and each side is the mirror of the other.
    np.testing.assert_allclose(head[0, :2], -head[1, :2], atol=1e-5)
    np.testing.assert_allclose(head[:, 2], 0, atol=1e-3)


def test_topics_are_as_likely_as_scikit_learn_says() -> None:
    chance = np.random.default_rng(3)
    centres = chance.normal(size=(6, 12))
    topics = np.repeat(np.arange(6), 20)
    vectors = centres[topics] + chance.normal(size=(120, 12))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    head = train_head(vectors, topics.tolist(), 6)
    assert head is not None
    logits = vectors @ head[:, :-1].T + head[:, -1]
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    oracle = LogisticRegression(C=100.0, max_iter=2000, tol=1e-8).fit(vectors.astype(np.float64), topics)
    assert np.abs(shares - oracle.predict_proba(vectors)).max() < 0.1
    assert (shares.argmax(axis=1) == oracle.predict(vectors)).mean() > 0.98
