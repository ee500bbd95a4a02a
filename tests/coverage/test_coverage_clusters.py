from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kbot.coverage import clusters
from kbot.coverage.clusters import cluster, group_vectors
from kbot.records import Fallback, Outcome, Reason, TopicKind

if TYPE_CHECKING:
    from tests.coverage.conftest import MakesEntry

    from kbot.search.index import SearchIndex
    from kbot.service import Service

# On a circle, in degrees: two near pairs and a loner.
DEGREES = [0, 10, 90, 100, 200]
VECTORS = np.array([[np.cos(np.radians(d)), np.sin(np.radians(d))] for d in DEGREES], dtype=np.float32)


def test_near_vectors_share_a_group_and_far_ones_do_not() -> None:
    # 1 - cos 10° = 0.015; 1 - cos 80° = 0.83
    assert sorted(group_vectors(VECTORS, distance=0.3)) == [[0, 1], [2, 3], [4]]


def test_beyond_the_most_that_is_clustered_the_rest_joins_the_nearest_group(monkeypatch: pytest.MonkeyPatch) -> None:
    order = [0, 2, 1, 3, 4]
    monkeypatch.setattr(clusters, "_MOST_CLUSTERED", 2)
    assert group_vectors(VECTORS[order], distance=0.3) == [[0, 2], [1, 3], [4]]


@pytest.mark.parametrize("count", [0, 1])
def test_none_and_one_are_no_groups_that_could_be_split(count: int) -> None:
    assert group_vectors(VECTORS[:count], distance=0.3) == [[row] for row in range(count)]


def test_questions_that_differ_in_capitals_and_punctuation_are_one(entry: MakesEntry, index: SearchIndex) -> None:
    asked = ["Is parking free?", "is parking free", "IS PARKING FREE??", "side effects"]
    found = cluster([entry(text) for text in asked], index, distance=0.3)
    assert [[e.question for e in one.entries] for one in found] == [asked[:3], asked[3:]]
    assert found[0].examples == ("Is parking free?",)


def test_a_concept_brings_together_what_shares_no_word(entry: MakesEntry, index: SearchIndex) -> None:
    asked = [("can i bring my poodle", "pets"), ("kitten allowed", "pets"), ("valet spots", "parking lot")]
    entries = [entry(text, Outcome.CLINICIAN, missing=(concept,)) for text, concept in asked]
    apart = cluster(entries, index, distance=0.6)
    together = cluster(entries, index, distance=0.6, by_concept=True)
    assert len(apart) == 3
    assert [[e.missing[0] for e in one.entries] for one in together] == [["pets", "pets"], ["parking lot"]]


def test_the_real_encoder_keeps_topics_apart_and_together(entry: MakesEntry, service: Service) -> None:
    """A floor, far below what was measured (0.94): an adjusted Rand index of 0 is chance, 1 is perfect."""
    from sklearn.metrics import adjusted_rand_score

    index = service.bot._index  # noqa: SLF001  the one place that opens an index for the tests
    draw = random.Random(1)  # noqa: S311
    topics = [topic for topic in index.topics.topics if topic.kind is TopicKind.NOT_COVERED]
    entries, topic_of = [], {}
    for topic in draw.sample(topics, 60):
        for text in draw.sample(topic.phrasings, min(4, len(topic.phrasings))):
            answer = service.ask([text]).answer
            if isinstance(answer, Fallback) and answer.reason is Reason.NOT_COVERED:
                entries.append(entry(text, Outcome.CLINICIAN, missing=answer.missing))
                topic_of[entries[-1].id] = topic.id
    found = cluster(entries, index, distance=0.5, by_concept=True)
    label_of = {e.id: number for number, one in enumerate(found) for e in one.entries}
    assert len(entries) > 150
    score = adjusted_rand_score([topic_of[e.id] for e in entries], [label_of[e.id] for e in entries])
    assert score >= 0.85
