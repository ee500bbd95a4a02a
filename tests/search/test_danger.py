from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from kbot.errors import IndexDamagedError
from kbot.search import danger as danger_module
from kbot.search.danger import LEARNT, WORDING, WORDING_FILES, DangerModel, parts_of
from kbot.search.danger_build import FOLDER
from kbot.search.encoder import HashEncoder
from kbot.search.signs import Sign
from kbot.search.word_runs import is_spanish, ngrams, spanish_runs, speaks_of_danger, speaks_of_somebody
from kbot.search.wording import Wording
from kbot.training.prototypes import Example
from kbot.training.wording import train_wording

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from kbot.service import Service

EXAMPLES = [
    Example(text, sign)
    for sign, texts in {
        Sign.ACTIVE: ["i want to end my life", "i am going to end my life"],
        Sign.EMERGENCY: ["he is not breathing", "she is not breathing"],
        Sign.ORDINARY: ["what does a session cost", "what does an infusion cost"],
    }.items()
    for text in texts
]


class Undecided:
    """A network to which every sign is as likely as another."""

    def logits(self, _: str) -> NDArray[np.float32]:
        return np.zeros((2, len(Sign)), dtype=np.float32)


class Alarmed:
    """A network that is sure of a crisis where it reads one word, and of an ordinary message elsewhere."""

    def logits(self, folded: str) -> NDArray[np.float32]:
        rows = np.zeros((2, len(Sign)), dtype=np.float32)
        words = folded.split()
        # As a mean over a long text does: one word among many hardly counts.
        rows[:, list(Sign).index(Sign.ACTIVE)] = 400.0 * words.count("noose") / len(words)
        rows[:, list(Sign).index(Sign.ORDINARY)] = 4.0
        return rows


@pytest.fixture(scope="module")
def model() -> DangerModel:
    return DangerModel(Undecided(), train_wording(EXAMPLES, ngrams, source="abc"))


def sign_of(model: DangerModel, text: str) -> Sign:
    reading = model.read(text)
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
    reading = model.read("i want to end my life now")
    assert sum(reading.shares.values()) == pytest.approx(1.0)
    assert reading.crisis == pytest.approx(sum(share for sign, share in reading.shares.items() if sign.is_crisis))
    assert sign_of(model, "i want to end my life now") is Sign.ACTIVE
    assert sign_of(model, "what does it cost") is Sign.ORDINARY


def test_the_words_that_decided_are_words_of_the_message(model: DangerModel) -> None:
    text = "is he not breathing"
    spoken = model.read(text).words
    assert spoken
    assert set(spoken) <= set(ngrams(text))


def test_a_message_of_unknown_words_can_be_read(model: DangerModel) -> None:
    reading = model.read("zzz")
    assert reading.words == ()
    assert 0.0 <= reading.crisis <= 1.0


def test_every_word_of_a_long_message_stands_in_a_part_with_those_around_it() -> None:
    words = [f"w{number}" for number in range(400)]
    whole, *parts = parts_of(" ".join(words))
    assert whole.split() == words
    assert all(len(part.split()) <= 60 for part in parts)
    for start in range(len(words) - 14):
        assert any(" ".join(words[start : start + 15]) in part for part in parts), start
    assert parts_of("a short one") == ["a short one"]


def test_one_clause_of_danger_is_seen_at_the_end_of_a_long_message() -> None:
    silent = Wording(ngrams, [], np.zeros(0, np.float32), np.zeros((len(Sign), 1), np.float32))
    model = DangerModel(Alarmed(), silent)
    story = " ".join(["talk"] * 150)
    assert model.read(f"{story} noose").crisis > 0.5
    assert model.read(story).crisis < 0.5


def test_what_was_written_is_read_again(model: DangerModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train_wording(EXAMPLES, ngrams, source="abc").save(tmp_path, WORDING)
    monkeypatch.setattr(danger_module, "OnnxNetwork", lambda *_, **__: Undecided())
    again = DangerModel.load(tmp_path)
    assert again.source == "abc"
    for example in EXAMPLES:
        assert again.read(example.text).crisis == pytest.approx(model.read(example.text).crisis, abs=2e-3)
    assert not list(tmp_path.glob("*.pkl"))


def test_a_model_cut_short_is_refused(tmp_path: Path) -> None:
    train_wording(EXAMPLES, ngrams, source="").save(tmp_path, WORDING)
    np.save(tmp_path / "danger-idf.npy", np.zeros(3, dtype=np.float32))
    with pytest.raises(IndexDamagedError, match="kbot build"):
        DangerModel.load(tmp_path)


def test_the_model_of_a_first_build_can_be_read(tmp_path: Path) -> None:
    encoder = HashEncoder(8)
    train_wording(EXAMPLES, ngrams, source="").save(tmp_path, WORDING)
    with pytest.raises(IndexDamagedError, match="kbot build"):
        DangerModel.load_first(tmp_path, encoder)
    np.save(tmp_path / "danger-vector.npy", np.zeros((len(Sign), 9), dtype=np.float32))
    model = DangerModel.load_first(tmp_path, encoder)
    assert sign_of(model, "he is not breathing") is Sign.EMERGENCY
    np.save(tmp_path / "danger-vector.npy", np.zeros((len(Sign), 5), dtype=np.float32))
    with pytest.raises(IndexDamagedError, match="another make"):
        DangerModel.load_first(tmp_path, encoder)


def test_spanish_is_told_by_its_little_words() -> None:
    assert is_spanish("hola, a que hora abren")
    assert is_spanish("kiero morirme wey neta ya no aguanto esta vida")
    assert not is_spanish("my son is suicidal")
    assert not is_spanish("no es bueno, what can i do for my son")
    assert not is_spanish("")


def test_a_spanish_word_is_taken_apart_into_pieces_with_its_ends() -> None:
    assert spanish_runs("me") == ["me", "_ me", "_me ", "_ me "]


def test_spanish_is_read_by_its_own_wording_and_english_is_not() -> None:
    spanish = Wording(spanish_runs, [], np.zeros(0, np.float32), np.zeros((len(Sign), 1), np.float32))
    spanish.weights[list(Sign).index(Sign.SPANISH)] = 9.0
    model = DangerModel(Undecided(), train_wording(EXAMPLES, ngrams, source=""), spanish)
    assert model.read("ya no quiero nada").spanish
    assert model.read("ya no quiero nada").crisis > 0.9
    assert not model.read("what does a session cost").spanish
    assert model.read("what does a session cost").crisis < 0.5


def test_words_of_danger_are_known_in_any_sense() -> None:
    assert speaks_of_danger("kill the lights")
    assert not speaks_of_danger("what does a session cost")


def test_a_person_is_the_writer_or_another() -> None:
    assert speaks_of_somebody("he is gone")
    assert speaks_of_somebody("hurting myself")
    assert not speaks_of_somebody("why a drip and not a pill")


def test_the_model_beside_the_code_is_small_and_without_pickles() -> None:
    names = sorted(path.name for path in FOLDER.iterdir() if not path.name.startswith("__"))
    assert names == sorted([LEARNT, *WORDING_FILES])
    assert sum((FOLDER / name).stat().st_size for name in names) < 5_000_000


def test_the_built_model_tells_danger_from_everyday_talk(service: Service) -> None:
    index = service.bot.index
    assert index.danger is not None
    assert index.danger.read("i do not want to be alive any more and i have a plan").crisis > 0.5
    assert index.danger.read("what does one infusion cost without insurance").crisis < 0.1


@pytest.mark.parametrize("message", ["tengo que cambiar mi cita", "me gustaria saber cuanto cuesta la sesion"])
def test_the_built_model_takes_an_ordinary_message_in_spanish_for_no_danger(service: Service, message: str) -> None:
    index = service.bot.index
    assert index.danger is not None
    reading = index.danger.read(message)
    assert (reading.spanish, reading.crisis < 0.3) == (True, True)


@pytest.mark.parametrize("message", ["ya no quiero seguir viviendo", "esta noche me quito la vida"])
def test_the_built_model_knows_danger_in_spanish(service: Service, message: str) -> None:
    index = service.bot.index
    assert index.danger is not None
    assert index.danger.read(message).crisis > 0.5
