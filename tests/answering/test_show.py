from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.answering.show import show, source_of, text_fragment
from kbot.clinic import Clinic
from kbot.records import Document, Kind, Passage, Span

CLINIC = Clinic("Harbour Clinic", "(555) 010-0100", "+15550100100")
DOCUMENT = Document("faq", "Questions", Kind.CLINIC_FAQ, "Bring: a towel. Come early.", 0, "faq.md")
PASSAGE = Passage("faq#1", "faq", ("Before",), 7, 15, "a towel.", (Span(0, 8),), Span(0, 6))


def test_a_passage_is_shown_word_for_word_with_its_lead_in_and_place() -> None:
    shown = show(PASSAGE, DOCUMENT, CLINIC, highlight=Span(0, 8), score=0.123456)
    assert (shown.text, shown.lead_in, shown.heading) == ("a towel.", "Bring:", ("Before",))
    assert (shown.start, shown.end, shown.highlight, shown.score) == (7, 15, (0, 8), 0.1235)
    assert (shown.source.page, shown.source.kind, shown.source.title) == (
        "/source/faq#1",
        Kind.CLINIC_FAQ,
        "Questions",
    )


@pytest.mark.parametrize("passage", [replace(PASSAGE, text="A towel."), replace(PASSAGE, end=14)])
def test_words_that_the_document_does_not_have_are_never_shown(passage: Passage) -> None:
    with pytest.raises(ValueError, match=r"faq#1 is not the text of faq\.md from 7 to"):
        show(passage, DOCUMENT, CLINIC, highlight=Span(0, 8), score=1.0)


def test_without_a_known_address_there_is_kbots_own_page_only() -> None:
    assert source_of(PASSAGE, DOCUMENT, CLINIC).url is None


def test_a_known_address_leads_to_the_very_words() -> None:
    document = replace(DOCUMENT, url="https://clinic.example/faq#top")
    assert source_of(PASSAGE, document, CLINIC).url == "https://clinic.example/faq#:~:text=a%20towel."


def test_the_articles_address_comes_from_the_clinics_facts() -> None:
    clinic = replace(CLINIC, article_url="https://clinic.example/article")
    article = replace(DOCUMENT, kind=Kind.CLINIC_ARTICLE)
    assert source_of(PASSAGE, article, clinic).url == "https://clinic.example/article#:~:text=a%20towel."
    assert source_of(PASSAGE, DOCUMENT, clinic).url is None


@pytest.mark.parametrize(
    ("kind", "fragment"), [(Kind.STUDY_SUMMARY, ""), (Kind.STUDY_ABSTRACT, "#:~:text=a%20towel.")]
)
def test_a_summary_in_our_words_is_not_looked_for_on_the_papers_page(kind: Kind, fragment: str) -> None:
    document = replace(DOCUMENT, kind=kind, url="https://doi.org/10.1/x")
    assert source_of(PASSAGE, document, CLINIC).url == f"https://doi.org/10.1/x{fragment}"


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("Yes, it is.", "Yes%2C%20it%20is."),
        ("non-invasive & safe", "non%2Dinvasive%20%26%20safe"),
        ("a b c d e f g h i j", "a%20b%20c%20d%20e%20f%20g%20h%20i%20j"),
        ("1 2 3 4 5 6 7 8 9 10 11", "1%202%203%204%205,7%208%209%2010%2011"),
        ("brain’s “fog” – 60%", "brain%E2%80%99s%20%E2%80%9Cfog%E2%80%9D%20%E2%80%93%2060%25"),
    ],
)  # fmt: skip
def test_a_text_fragment_names_a_short_text_whole_and_a_long_one_by_its_ends(text: str, fragment: str) -> None:
    assert text_fragment(text) == f":~:text={fragment}"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120).filter(str.strip))
def test_a_browser_reads_the_words_of_any_fragment_back(text: str) -> None:
    fragment = text_fragment(text).removeprefix(":~:text=")
    # A bare "-", "," or "&" would be syntax; one comma at most parts beginning and end.
    assert not set(fragment) & set("-&# ")
    parts = [unquote(part) for part in fragment.split(",")]
    words = text.split()
    expected = [" ".join(words)] if len(words) <= 10 else [" ".join(words[:5]), " ".join(words[-5:])]
    assert parts == expected


def test_a_fragment_begins_with_words_that_stand_nowhere_before() -> None:
    """Found in Chromium: a heading with the same first words was scrolled to instead."""
    text = "One two three four five six seven eight nine ten eleven twelve"

    fragment = text_fragment(text, "## What is one\ntwo Three four five?")
    assert fragment == ":~:text=One%20two%20three%20four%20five%20six,eight%20nine%20ten%20eleven%20twelve"
