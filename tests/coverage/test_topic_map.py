from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from kbot.coverage.topic_map import Fate, draw_map, fate_of, lay_out
from kbot.records import Outcome, Reason

if TYPE_CHECKING:
    from tests.coverage.conftest import MakesEntry

    from kbot.search.index import SearchIndex

CLINICIAN = Outcome.CLINICIAN


def test_one_question_in_other_capitals_is_one_point_with_all_its_entries(
    entry: MakesEntry, index: SearchIndex
) -> None:
    entries = [entry("Session length?", day=2), entry("session length", day=1), entry("session length", day=3)]

    (point,) = draw_map(entries, index).points

    assert (point.question, point.count, point.entries) == ("session length", 3, (2, 1, 3))
    assert (point.x, point.y) == (0.5, 0.5)


def test_a_point_shows_what_came_of_most_and_of_a_tie_what_to_look_at(entry: MakesEntry, index: SearchIndex) -> None:
    entries = [
        entry("nausea"), entry("nausea"), entry("nausea", CLINICIAN),
        entry("parking"), entry("parking", CLINICIAN),
    ]  # fmt: skip

    fates = {point.question: point.fate for point in draw_map(entries, index).points}

    assert fates == {"nausea": Fate.ANSWERED, "parking": Fate.NOT_COVERED}


def test_small_talk_is_not_on_the_map(entry: MakesEntry, index: SearchIndex) -> None:
    assert draw_map([entry("hello", Outcome.GREETING)], index).clusters == ()
    assert draw_map([], index).clusters == ()


@pytest.mark.parametrize(
    ("outcome", "reason", "fate"),
    [
        (Outcome.ANSWER, None, Fate.ANSWERED),
        (CLINICIAN, Reason.NOT_COVERED, Fate.NOT_COVERED),
        (CLINICIAN, Reason.PERSONAL_ADVICE, Fate.HANDED_OVER),
        (CLINICIAN, Reason.UNCLEAR, Fate.HANDED_OVER),
        (Outcome.GREETING, None, None),
    ],
)
def test_what_came_of_an_entry(entry: MakesEntry, outcome: Outcome, reason: Reason | None, fate: Fate | None) -> None:
    assert fate_of(entry("how long", outcome, reason=reason)) is fate


def test_questions_of_the_same_words_are_one_subject_and_the_most_asked_is_its_label(
    entry: MakesEntry, index: SearchIndex
) -> None:
    entries = [
        entry("nausea and dizziness"), entry("nausea and dizziness"), entry("dizziness or nausea"),
        entry("free parking", CLINICIAN),
    ]  # fmt: skip

    drawn = draw_map(entries, index)

    assert [(cluster.number, cluster.label, cluster.count) for cluster in drawn.clusters] == [
        (1, "nausea and dizziness", 3), (2, "free parking", 1),
    ]  # fmt: skip
    assert drawn.clusters[0].fates == {Fate.ANSWERED: 3}
    assert drawn.count == 4


def test_the_same_entries_make_the_same_map(entry: MakesEntry, index: SearchIndex) -> None:
    entries = [entry(f"{word} {number}") for word in ("session", "nausea", "parking") for number in range(6)]

    assert draw_map(entries, index) == draw_map(entries, index)


def test_progress_is_told_for_every_wording(entry: MakesEntry, index: SearchIndex) -> None:
    told: list[tuple[int, int]] = []

    draw_map([entry("nausea"), entry("parking")], index, track=lambda done, of: told.append((done, of)))

    assert told == [(0, 2), (1, 2)]


def test_few_points_are_laid_out_by_their_principal_components() -> None:
    # Three points on a line, the middle one a quarter of the way: only the first component tells them apart.
    line = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 1.0], [4.0, 0.0, 1.0]], dtype=np.float32)

    places = lay_out(line)

    assert places[:, 0] == pytest.approx([0.0, 0.25, 1.0])
    assert places[:, 1] == pytest.approx([0.5, 0.5, 0.5])


def test_many_points_keep_their_neighbours() -> None:
    # Two groups at right angles: with t-SNE, each point's nearest neighbour is of its own group.
    random = np.random.default_rng(1)
    groups = np.repeat(np.eye(8, dtype=np.float32)[:2], 15, axis=0)
    vectors = groups + random.normal(0, 0.02, groups.shape).astype(np.float32)

    places = lay_out(vectors)

    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(30) * 9
    assert [(row < 15) == (nearest < 15) for row, nearest in enumerate(apart.argmin(axis=1))] == [True] * 30
    assert places.min() == 0
    assert places.max() == 1


def test_identical_questions_of_other_spelling_do_not_break_the_layout() -> None:
    same = np.tile(np.array([[1.0, 0.0]], dtype=np.float32), (3, 1))

    assert lay_out(same) == pytest.approx(np.full((3, 2), 0.5))
