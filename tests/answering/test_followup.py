from __future__ import annotations

import numpy as np
import pytest

from kbot.answering.followup import encode_turns, leans_back
from kbot.search.encoder import HashEncoder

ENCODER = HashEncoder(4096)


@pytest.mark.parametrize(
    "turn",
    [
        "how long is it",
        "And Medicaid?",
        "what about lozenges",
        "Is that covered too?",
        "cost",
        "why?",
        "how often do they do this",
        "or by mouth",
    ],
)
def test_a_turn_that_points_back_or_names_too_little_leans_on_the_one_before(turn: str) -> None:
    assert leans_back(turn)


@pytest.mark.parametrize(
    "turn", ["side effects", "How long does a ketamine session last?", "Does Aetna pay for ketamine?"]
)
def test_a_turn_that_stands_alone_does_not_lean(turn: str) -> None:
    assert not leans_back(turn)


def test_a_first_question_is_encoded_alone() -> None:
    np.testing.assert_allclose(
        encode_turns(["how long is it"], ENCODER), ENCODER.encode(["how long is it"])[0], atol=1e-6
    )


def test_a_new_topic_is_not_drawn_to_the_old_one() -> None:
    turns = ["What is esketamine?", "Does Aetna pay for ketamine lozenges?"]
    np.testing.assert_allclose(encode_turns(turns, ENCODER), ENCODER.encode(turns[1:])[0], atol=1e-6)


def test_a_follow_up_is_half_itself_and_half_both_turns() -> None:
    turns = ["What is esketamine?", "how long is it monitored"]
    alone, together = ENCODER.encode([turns[1], " ".join(turns)])
    mean = (alone + together) / 2

    vector = encode_turns(turns, ENCODER)

    np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-6)
    assert float(vector @ ENCODER.encode(["esketamine"])[0]) > float(alone @ ENCODER.encode(["esketamine"])[0])


def test_only_the_turn_just_before_is_leaned_on() -> None:
    near = ["Is it safe?", "how long is it"]
    np.testing.assert_array_equal(encode_turns(["zebra", *near], ENCODER), encode_turns(near, ENCODER))


def test_turns_that_cancel_out_have_a_vector_all_the_same() -> None:
    class Opposite:
        dimension = 2

        def encode(self, texts: object) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
            del texts
            return np.array([[1, 0], [-1, 0]], np.float32)

    assert np.isfinite(encode_turns(["a", "and it"], Opposite())).all()
