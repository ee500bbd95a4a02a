from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.disguise import fold

ZERO_WIDTH = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad"]
HOMOGLYPHS = {"a": "а", "e": "е", "i": "і", "o": "о", "s": "ѕ", "c": "с", "y": "у", "p": "р"}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("I wanna k1ll myself", "i want to kill myself"),
        ("I want to kill mysеlf", "i want to kill myself"),  # Cyrillic e
        ("ｋｉｌｌ ｍｙｓｅｌｆ", "kill myself"),  # full-width letters
        ("kïll mysélf", "kill myself"),
        ("k.i.l.l myself", "kill myself"),
        ("s u i c i d e", "suicide"),
        ("kiiiiill myself", "kiill myself"),
        ("s**cide", "suicide"),
        ("suic!dal", "suicidal"),
        ("sui/cide", "suicide"),
        ("siucide", "suicide"),
        ("kill mysefl", "kill myself"),
        ("kms tonight", "kill myself tonight"),
        ("im gonna unalive myself", "i'm going to kill myself"),
        ("can t do it, dont ask", "can't do it, don't ask"),
        ("I'm doneI've tried", "i'm done i've tried"),
    ],
)
def test_a_disguise_is_undone(typed: str, read: str) -> None:
    assert fold(typed) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("a 40mg dose, 2x a day", "a 40mg dose, 2x a day"),
        ("call 988", "call 988"),
        ("s41386-020-0738-x", "s41386-020-0738-x"),
        ("12 kms from here", "12 kms from here"),
        ("YouTube and McDonald", "youtube and mcdonald"),
        ("is it 50% or 60%?", "is it 50% or 60%?"),
        ("PTSD vs. OCD", "ptsd vs. ocd"),
    ],
)
def test_figures_names_and_abbreviations_stay(typed: str, read: str) -> None:
    assert fold(typed) == read


@given(st.text(max_size=200))
def test_folding_any_text_gives_one_line_of_plain_lower_case(text: str) -> None:
    folded = fold(text)
    assert folded == " ".join(folded.split())
    assert folded.translate({ord(c): None for c in ZERO_WIDTH}) == folded


@given(st.data())
def test_invisible_characters_change_nothing(data: st.DataObject) -> None:
    message = "i want to end my life tonight"
    place = data.draw(st.integers(0, len(message)))
    hidden = data.draw(st.sampled_from(ZERO_WIDTH))
    assert fold(message[:place] + hidden + message[place:]) == message


@given(st.sets(st.sampled_from(sorted(HOMOGLYPHS))))
def test_look_alike_letters_change_nothing(replaced: set[str]) -> None:
    message = "please stop me, i am close to suicide"
    disguised = "".join(HOMOGLYPHS[c] if c in replaced else c for c in message)
    assert fold(disguised) == message
