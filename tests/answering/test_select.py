from __future__ import annotations

from itertools import combinations
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


def test_a_study_that_is_good_enough_stands_beside_the_clinics_own_figure() -> None:
    choices = [
        choice("Seventy percent respond.", 0.9),
        choice("Most feel better.", 0.8),
        choice("It works for many.", 0.7),
        choice("Of 73 patients 64% responded.", 0.3, "study"),
    ]
    assert texts(choose(choices, DOCUMENTS)) == [
        "Seventy percent respond.",
        "Most feel better.",
        "Of 73 patients 64% responded.",
    ]


def test_a_study_that_is_shown_anyway_does_not_bring_another() -> None:
    clinic = [choice("one", 0.9), choice("three", 0.7)]
    studies = [choice("two", 0.8, "study"), choice("four", 0.01, "abstract")]
    choices = sorted([*clinic, *studies], key=lambda each: -each.weight)
    assert texts(choose(choices, DOCUMENTS)) == ["one", "two", "three"]


def test_a_study_far_weaker_than_the_best_is_left_out_too() -> None:
    assert texts(choose([choice("one", 0.9), choice("two", 0.01, "study")], DOCUMENTS)) == ["one"]


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


def is_study(made: Choice) -> bool:
    return DOCUMENTS[made.passage.document_id].kind.is_study


def share_in_common(one: Choice, other: Choice) -> float:
    a, b = (set(each.passage.text.split()) for each in (one, other))
    return len(a & b) / min(len(a), len(b))


@given(choices)
def test_the_best_comes_first_of_up_to_three_that_differ(made: list[Choice]) -> None:
    shown = choose(made, DOCUMENTS)
    assert 1 <= len(shown) <= MAX_PASSAGES
    assert shown[0] == made[0]
    assert all(share_in_common(one, other) < 0.8 for one, other in combinations(shown, 2))
    assert [each.weight for each in shown] == sorted((each.weight for each in shown), reverse=True)


@given(choices)
def test_where_any_study_is_good_enough_and_says_something_new_a_study_is_shown(made: list[Choice]) -> None:
    shown = choose(made, DOCUMENTS)
    clinic = [each for each in made if not is_study(each)]
    new = [
        each
        for each in made
        if is_study(each)
        and each.weight > 0.5 * made[0].weight
        and all(share_in_common(each, other) < 0.8 for other in clinic)
    ]
    assert any(map(is_study, shown)) or not new


TEXT = "It is safe. It was tested. Ask a doctor."
PASSAGE = Passage("faq#1", "faq", (), 0, 40, TEXT, (Span(0, 11), Span(12, 26), Span(27, 40)))


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
