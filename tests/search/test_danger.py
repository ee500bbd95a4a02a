from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from kbot.errors import IndexDamagedError
from kbot.ingest.danger_model import Example, examples_of, make_danger, read_prototypes, train_danger
from kbot.search.danger import DangerModel, Sign, ngrams, speaks_of_danger
from kbot.search.encoder import HashEncoder

if TYPE_CHECKING:
    from pathlib import Path

ENCODER = HashEncoder(64)
EXAMPLES = [
    Example(text, sign)
    for sign, texts in {
        Sign.ACTIVE: ["i want to end my life", "i am going to end my life"],
        Sign.EMERGENCY: ["he is not breathing", "she is not breathing"],
        Sign.ORDINARY: ["what does a session cost", "what does an infusion cost"],
    }.items()
    for text in texts
]


@pytest.fixture(scope="module")
def model() -> DangerModel:
    return train_danger(EXAMPLES, ENCODER.encode([example.text for example in EXAMPLES]))


def sign_of(model: DangerModel, text: str) -> Sign:
    reading = model.read(text, ENCODER.encode([text])[0])
    return max(reading.shares, key=lambda sign: reading.shares[sign])


def test_ngrams_have_the_words_and_the_skeleton() -> None:
    assert ngrams("i want it ?") == [
        "i", "want", "it", "?", "i want", "want it", "it ?", "i want it", "want it ?",
        "~me", "~want", "~they", "~ask", "~me want", "~want they", "~they ask",
        "~me want they", "~want they ask", "~me want they ask",
    ]  # fmt: skip


def test_the_skeleton_takes_runs_of_one_class_as_one() -> None:
    assert [n for n in ngrams("i i'm my") if n.startswith("~")] == ["~me"]


def test_shares_sum_to_one_and_the_likeliest_is_what_it_was_trained_as(model: DangerModel) -> None:
    reading = model.read("i want to end my life now", ENCODER.encode(["i want to end my life now"])[0])
    assert sum(reading.shares.values()) == pytest.approx(1.0)
    assert reading.crisis == pytest.approx(sum(share for sign, share in reading.shares.items() if sign.is_crisis))
    assert sign_of(model, "i want to end my life now") is Sign.ACTIVE
    assert sign_of(model, "what does it cost") is Sign.ORDINARY


def test_the_words_that_decided_are_words_of_the_message(model: DangerModel) -> None:
    text = "is he not breathing"
    spoken = model.read(text, ENCODER.encode([text])[0]).words
    assert spoken
    assert set(spoken) <= set(ngrams(text))


def test_a_message_of_unknown_words_can_be_read(model: DangerModel) -> None:
    reading = model.read("zzz", ENCODER.encode(["zzz"])[0])
    assert reading.words == ()
    assert 0.0 <= reading.crisis <= 1.0


def test_a_saved_model_reads_the_same(model: DangerModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    again = DangerModel.load(tmp_path)
    for example in EXAMPLES:
        vector = ENCODER.encode([example.text])[0]
        assert again.read(example.text, vector).crisis == pytest.approx(
            model.read(example.text, vector).crisis, abs=1e-3
        )
    assert not list(tmp_path.glob("*.pkl"))


def test_a_model_cut_short_is_refused(model: DangerModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    np.save(tmp_path / "danger-idf.npy", np.zeros(3, dtype=np.float32))
    with pytest.raises(IndexDamagedError, match="kbot build"):
        DangerModel.load(tmp_path)


def test_words_of_danger_are_known_in_any_sense() -> None:
    assert speaks_of_danger("kill the lights")
    assert not speaks_of_danger("what does a session cost")


def test_the_prototypes_have_every_sign_and_are_folded() -> None:
    prototypes = read_prototypes()
    assert {example.sign for example in prototypes} == set(Sign)
    assert all(example.text == example.text.lower() for example in prototypes)


def test_phrasings_about_suicide_are_its_topic_and_others_ordinary() -> None:
    added = examples_of(
        ["Does the lozenge ease suicidal thinking at Harbour Clinic?", "Has Harbour Clinic a garden?"]
    )
    signs = {example.text: example.sign for example in added}
    assert signs["does the lozenge ease suicidal thinking at harbour clinic?"] is Sign.TOPIC
    assert signs["has harbour clinic a garden?"] is Sign.ORDINARY


def test_an_unchanged_model_is_not_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kbot.ingest.danger_model.read_prototypes", lambda: EXAMPLES)
    made = make_danger(["a garden"], ENCODER.encode, encoder="hash", previous=None)
    made.save(tmp_path)

    def refuse(_: object) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        raise AssertionError("it was encoded again")

    again = make_danger(["a garden"], refuse, encoder="hash", previous=tmp_path)
    assert again.source == made.source
    with pytest.raises(AssertionError):
        make_danger(["another garden"], refuse, encoder="hash", previous=tmp_path)
