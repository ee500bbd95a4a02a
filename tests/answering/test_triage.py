"""Triage by its patterns alone, as it works when there is no index."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.answering.bot import Bot
from kbot.answering.triage import Flag, Level, Triage

if TYPE_CHECKING:
    from collections.abc import Sequence

TRIAGE = Triage()
CRISES = [
    "I want to kill myself",
    "i'm going to end my life tonight",
    "i wanna kms",
    "I have been having suicidal thoughts again",
    "I wish I was dead",
    "i don't want to live anymore",
    "everyone would be better off without me",
    "I wish I could go to sleep and never wake up",
    "i keep cutting myself",
    "i relapsed on self harm last night",
    "my daughter says she wants to die",
    "my friend is suicidal and i don't know what to do",
    "I tried to kill myself last night",
    "me quiero morir",
    "mi hermano dice que se quiere matar",
]
EMERGENCIES = [
    "i can't breathe",
    "he's not breathing",
    "severe chest pain right now and my arm is numb",
    "my throat is swelling",
    "she won't wake up",
    "he is having a seizure right now",
    "her face is drooping and she is slurring her words",
    "my toddler swallowed my lozenges",
    "i accidentally took too many pills",
    "call an ambulance",
    "no puedo respirar",
]
ORDINARY = [
    "this headache is killing me",
    "I'm dying to know what it costs",
    "does the shot hurt",
    "how do I cut the lozenge",
    "will i be unconscious",
    "what is the lethal dose studied in rats",
    "is chest pain a side effect",
    "can ketamine cause seizures",
    "does ketamine help with suicidal thoughts?",
    "my battery is about to die",
    "how do I end my membership",
    "I nearly died laughing",
    "history of seizures, can I be treated",
    "do people faint from it",
    "what happens if I take a dose twice",
    "how much does it cost",
]


def first(message: str) -> Level | None:
    flags = TRIAGE.flags([message])
    return flags[0].level if flags else None


@pytest.mark.parametrize("message", CRISES)
def test_plain_words_of_danger_are_a_crisis(message: str) -> None:
    assert first(message) is Level.CRISIS


@pytest.mark.parametrize("message", EMERGENCIES)
def test_plain_words_of_an_emergency_are_one(message: str) -> None:
    assert first(message) is Level.EMERGENCY


@pytest.mark.parametrize("message", ORDINARY)
def test_idioms_and_questions_are_neither(message: str) -> None:
    assert first(message) not in (Level.CRISIS, Level.EMERGENCY)


@pytest.mark.parametrize(
    ("message", "level"),
    [
        ("hello", Level.GREETING),
        ("buenos dias", Level.GREETING),
        ("thank you so much!", Level.THANKS),
        ("are you a robot?", Level.WHAT_ARE_YOU),
        ("can I talk to a person", Level.ASKED_FOR_A_PERSON),
        ("may i speak to the front desk", Level.ASKED_FOR_A_PERSON),
        ("operator", Level.ASKED_FOR_A_PERSON),
        ("should i stop my lexapro before", Level.PERSONAL_ADVICE),
        ("is suicide prevention part of the programme", Level.CONCERN),
    ],
)
def test_other_messages_get_their_level(message: str, level: Level) -> None:
    assert first(message) is level


def test_every_flag_names_its_trigger() -> None:
    for message in [*CRISES, *EMERGENCIES]:
        for flag in TRIAGE.flags([message]):
            assert flag.trigger.startswith("pattern ")
            assert ": '" in flag.trigger or ': "' in flag.trigger


def test_only_the_last_turn_counts_and_earlier_ones_are_remembered() -> None:
    turns = ["I want to kill myself", "how long is a session"]
    assert TRIAGE.flags(turns) == []
    assert TRIAGE.was_crisis(turns)
    assert not TRIAGE.was_crisis(turns[::-1])


@pytest.mark.parametrize("turns", [[], [""], ["   "], ["?!"], ["🙂"]])
def test_nothing_typed_raises_no_flag(turns: list[str]) -> None:
    assert TRIAGE.flags(turns) == []


def test_spanish_words_are_marked_as_such() -> None:
    assert TRIAGE.flags(["me quiero morir"])[0].spanish
    assert not TRIAGE.flags(["i want to die"])[0].spanish


def test_triage_cannot_be_switched_off() -> None:
    assert "triage" not in inspect.signature(Bot).parameters
    assert set(inspect.signature(Triage).parameters) == {"danger"}


@given(message=st.sampled_from(CRISES), data=st.data())
def test_invisible_and_look_alike_characters_never_hide_a_crisis(message: str, data: st.DataObject) -> None:
    places = data.draw(st.sets(st.integers(0, len(message)), max_size=8))
    hidden = "".join(("\u200b" if n in places else "") + c for n, c in enumerate(message))
    look_alike = data.draw(st.sampled_from(["ае", "оі", "сѕ", ""]))
    table = str.maketrans({"а": "a", "е": "e", "о": "o", "і": "i", "с": "c", "ѕ": "s"})
    for letter in look_alike:
        hidden = hidden.replace(letter.translate(table), letter)
    assert first(hidden) is Level.CRISIS


@given(st.text(max_size=300))
def test_any_text_can_be_triaged(text: str) -> None:
    levels = [flag.level for flag in TRIAGE.flags([text])]
    assert levels == sorted(levels, key=list(Level).index)


def test_an_earlier_turn_of_danger_is_seen_again_with_every_later_question() -> None:
    triage = Triage()
    turns = ["what does it cost", "i want to kill myself", "and what does it cost now"]
    assert [triage.was_crisis(turns) for _ in range(3)] == [True, True, True]


def test_a_harmless_turn_is_read_once() -> None:
    class Counting(Triage):
        reads = 0

        def flags(self, turns: Sequence[str]) -> list[Flag]:
            self.reads += 1
            return super().flags(turns)

    triage = Counting()
    for later in range(5):
        assert not triage.was_crisis(["how long is a session", f"question {later}"])
    assert triage.reads == 1
