from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kbot.text import STOPWORDS, is_blank, normalise, plain, stem, terms, words


@pytest.mark.parametrize(
    ("typed", "normalised"),
    [
        ("  What\u200bis  it?\x07", "Whatis it?"),
        ("a\tb\r\nc", "a b c"),
        ("ﬁne ２４ h", "fine 24 h"),
        ("\u202eevil\u202c", "evil"),
        ("\ufeffBOM", "BOM"),
        ("cafe\u0301", "café"),
        ("cafe\u200b\u0301", "café"),
        ("\U000e0068\U000e0069 hello", "hello"),  # tag characters spell text that nobody sees
        ("a\ud800b", "a b"),
        ("", ""),
        (" \n ", ""),
        ("مرحبا", "مرحبا"),
        ("🦓 zebra", "🦓 zebra"),
    ],
)
def test_a_text_is_normalised_to_what_a_reader_sees(typed: str, normalised: str) -> None:
    assert normalise(typed) == normalised


@given(st.text(max_size=60))
@example("e\u200b\u0301")
@example("\u3164x")
@example("a\u3164\u0301")
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(max_size=60))
def test_nothing_invisible_and_no_double_space_is_left(text: str) -> None:
    once = normalise(text)
    assert once == once.strip()
    assert "  " not in once
    assert {unicodedata.category(c) for c in once} & {"Cc", "Cs", "Co", "Cn"} == set()


@given(st.text(max_size=120), st.integers(1, 40))
def test_a_limit_is_kept_and_cuts_nothing_but_the_end(text: str, limit: int) -> None:
    cut = normalise(text, limit=limit)
    assert len(cut) <= limit
    assert normalise(text).startswith(cut)


@pytest.mark.parametrize(
    ("limit", "cut"), [(5, "What"), (7, "What is"), (8, "What is"), (9, "What is"), (99, "What is ketamine?")]
)
def test_a_cut_is_made_between_words_where_there_is_one_nearby(limit: int, cut: str) -> None:
    assert normalise("What is ketamine?", limit=limit) == cut


def test_a_word_longer_than_the_limit_is_cut() -> None:
    assert normalise("a" * 100, limit=10) == "a" * 10


def test_words_are_lower_case_with_straight_quotes_and_without_marks() -> None:
    assert words("It’s 40–60 min. (non-invasive)") == ["it's", "40", "60", "min", "non", "invasive"]
    assert words("O'Brien's_") == ["o'brien's"]
    assert plain("“It’s” – OK…") == '"it\'s" - ok…'


def test_terms_are_stems_of_the_words_that_carry_meaning() -> None:
    assert terms("What are the infusions' effects on depression?") == ["infus", "effect", "depress"]
    assert terms("is it for you?") == []


def test_a_stem_is_shared_by_the_forms_of_a_word() -> None:
    assert {stem(word) for word in ("infusion", "infusions", "infused", "infusion's")} == {"infus"}


def test_stopwords_are_in_the_form_in_which_words_come() -> None:
    assert {word for word in STOPWORDS if words(word) != [word]} == set()


@pytest.mark.parametrize("text", ["", " ", "?!…", "🦓🦓", "—", "\u200b", "___"])
def test_marks_and_emoji_alone_are_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", "?1", "é", "مرحبا", "治疗", "½"])
def test_a_letter_or_digit_of_any_script_is_not_blank(text: str) -> None:
    assert not is_blank(text)
