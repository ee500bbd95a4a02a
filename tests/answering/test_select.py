from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.answering.select import MAX_PASSAGES, Choice, choose, from_bank
from kbot.records import Document, Kind, Passage, Span
from kbot.search.evidence import BankQuote

if TYPE_CHECKING:
    from collections.abc import Sequence

DOCUMENTS = {
    identity: Document(identity, identity, kind, "", 0, f"{identity}.md")
    for identity, kind in [
        ("faq", Kind.CLINIC_FAQ),
        ("article", Kind.CLINIC_ARTICLE),
        ("study", Kind.STUDY_SUMMARY),
        ("abstract", Kind.STUDY_ABSTRACT),
    ]
}


def choice(text: str, weight: float, document: str = "faq") -> Choice:
    passage = Passage(f"{document}#{text}", document, (), 0, len(text), text, (Span(0, len(text)),))
    return Choice(passage, Span(0, len(text)), weight)


def texts(chosen: Sequence[Choice]) -> list[str]:
    return [each.passage.text for each in chosen]


def test_up_to_three_are_shown_best_first() -> None:
    choices = [choice(word, 0.9 - at / 100) for at, word in enumerate(["one", "two", "three", "four"])]
    assert texts(choose(choices, DOCUMENTS)) == ["one", "two", "three"]


def test_one_far_weaker_than_the_best_is_left_out() -> None:
    assert texts(choose([choice("one", 0.9), choice("two", 0.5), choice("three", 0.1)], DOCUMENTS)) == ["one", "two"]


def test_two_that_say_the_same_are_never_shown() -> None:
    same = [choice("Call us any day.", 0.9), choice("call us any DAY.", 0.8, "article"), choice("Text us.", 0.7)]
    assert texts(choose(same, DOCUMENTS)) == ["Call us any day.", "Text us."]


def test_a_passage_whose_words_all_stand_in_another_says_the_same() -> None:
    longer = choice("Side effects are dizziness and nausea, which pass soon.", 0.9)
    assert texts(choose([longer, choice("Side effects are dizziness and", 0.8)], DOCUMENTS)) == [longer.passage.text]


def test_a_study_stands_beside_the_clinics_own_figure_however_weak() -> None:
    choices = [
        choice("Seventy percent respond.", 0.9),
        choice("Most feel better.", 0.8),
        choice("It works for many.", 0.7),
        choice("Of 73 patients 64% responded.", 0.01, "study"),
    ]
    assert texts(choose(choices, DOCUMENTS)) == [
        "Seventy percent respond.",
        "Most feel better.",
        "Of 73 patients 64% responded.",
    ]


def test_a_study_that_is_shown_anyway_does_not_bring_another() -> None:
    choices = [
        choice("one", 0.9),
        choice("two", 0.8, "study"),
        choice("three", 0.7),
        choice("four", 0.01, "abstract"),
    ]
    assert texts(choose(choices, DOCUMENTS)) == ["one", "two", "three"]


def test_a_study_is_not_repeated_beside_itself() -> None:
    assert texts(choose([choice("one", 0.9, "study")], DOCUMENTS)) == ["one"]


words = st.sampled_from(["call", "text", "us", "now", "64%", "of", "patients"])
choices = st.lists(
    st.builds(
        choice,
        st.lists(words, min_size=1, max_size=5).map(" ".join),
        st.floats(0, 1),
        st.sampled_from(sorted(DOCUMENTS)),
    ),
    min_size=1,
    max_size=8,
).map(lambda made: sorted(made, key=lambda each: -each.weight))


@given(choices)
def test_whatever_there_is_one_to_three_are_shown_the_best_among_them_and_a_study_if_any(made: list[Choice]) -> None:
    shown = choose(made, DOCUMENTS)
    assert 1 <= len(shown) <= MAX_PASSAGES
    assert shown[0] in (made[0], *(each for each in made if DOCUMENTS[each.passage.document_id].kind.is_study))
    assert len({each.passage.text for each in shown if not DOCUMENTS[each.passage.document_id].kind.is_study}) == len(
        [each for each in shown if not DOCUMENTS[each.passage.document_id].kind.is_study]
    )
    assert any(DOCUMENTS[each.passage.document_id].kind.is_study for each in made) == any(
        DOCUMENTS[each.passage.document_id].kind.is_study for each in shown
    )


PASSAGE = Passage("faq#1", "faq", (), 0, 40, "It is safe. It was tested. Ask a doctor.", (Span(0, 11), Span(12, 26), Span(27, 40)))  # fmt: skip


@pytest.mark.parametrize(
    ("quote", "highlight"),
    [
        ("It is safe.", "It is safe."),
        ("was tested", "It was tested."),
        ("safe. It was", "It is safe. It was tested."),
        ("It is safe. It was tested. Ask a doctor.", "It is safe. It was tested. Ask a doctor."),
    ],
)
def test_the_highlight_is_every_whole_sentence_that_a_quote_touches(quote: str, highlight: str) -> None:
    start = PASSAGE.text.index(quote)
    quotes = [BankQuote("faq#1", Span(start, start + len(quote)), 0.7)]

    (chosen,) = from_bank(quotes, {"faq#1": PASSAGE})

    assert PASSAGE.text[slice(*chosen.highlight)] == highlight
    assert (chosen.passage, chosen.weight) == (PASSAGE, 0.7)
