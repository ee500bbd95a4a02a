from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.audit.references import (
    family_name,
    identifiers_of,
    page_range,
    same_journal,
    same_name,
    same_pages,
    same_title,
)

WORDS = st.lists(st.from_regex(r"[a-z]{1,10}", fullmatch=True), min_size=1, max_size=8).map(" ".join)


@pytest.mark.parametrize(
    "name", ["Wilkinson", "Wilkinson, S. T.", "Wilkinson ST", "Samuel T. Wilkinson", "S. T. Wilkinson"]
)
def test_a_family_name_is_found_however_the_name_is_written(name: str) -> None:
    assert family_name(name) == "Wilkinson"


@pytest.mark.parametrize("name", ["van der Kolk", "van der Kolk, B. A.", "van der Kolk BA", "Bessel van der Kolk"])
def test_a_family_name_keeps_its_particles(name: str) -> None:
    assert family_name(name) == "van der Kolk"


def test_accents_and_case_do_not_make_another_name() -> None:
    assert same_name("Ångström", "ANGSTROM")
    assert not same_name("Li", "Lee")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Warm tea: A randomised trial", "Warm tea: a randomized trial.", True),
        ("Warm tea: A randomised trial", "Warm tea", True),
        ("Ketamine treatment for depression: a review", "Ketamine treatment for depression", True),
        ("Warm tea: A randomised trial", "Warm tea: A review", False),
        ("Ketamine in bipolar depression", "Ketamine in unipolar depression", False),
        ("Effects on hypotension", "Effects on hypertension", False),
        ("After 6 doses", "After 8 doses", False),
        ("Ketamine in men", "Ketamine in man", False),
    ],
)
def test_titles_are_the_same_but_for_spelling(one: str, other: str, same: bool) -> None:
    assert same_title(one, other) is same
    assert same_title(other, one) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("American Journal of Psychiatry", "Am J Psychiatry", True),
        ("Am. J. Psychiatry", "The American Journal of Psychiatry", True),
        ("Neuroscience & Biobehavioral Reviews", "Neuroscience and biobehavioral reviews", True),
        ("Annual Review of Medicine", "Annual Review of Neuroscience", False),
        ("Nature", "Neuropsychopharmacology", False),
        ("Nature", "Nature Medicine", False),
    ],
)
def test_journals_are_the_same_written_out_or_abbreviated(one: str, other: str, same: bool) -> None:
    assert same_journal(one, other) is same
    assert same_journal(other, one) is same


@given(WORDS)
def test_every_title_and_journal_is_itself(text: str) -> None:
    assert same_title(text, text.upper())
    assert same_journal(text, text) or set(text.split()) <= {"the", "of", "and", "for", "in", "on", "a", "an"}


@pytest.mark.parametrize("pages", ["480-485", "480–485", "480 - 485", "480-5", "480-85"])
def test_pages_are_the_same_however_they_are_shortened(pages: str) -> None:
    assert page_range(pages) == ("", 480, 485)
    assert same_pages(pages, "480-485")


def test_other_pages_and_article_numbers_differ() -> None:
    assert not same_pages("480-485", "480-486")
    assert page_range("22m14567") is None
    assert same_pages("22M14567", "22m14567")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://doi.org/10.1016/j.neubiorev.2020.11.020", "doi:10.1016/j.neubiorev.2020.11.020"),
        ("https://www.nature.com/articles/s41386-023-01629-w", "doi:10.1038/s41386-023-01629-w"),
        ("https://pubmed.ncbi.nlm.nih.gov/35509843/", "pmid:35509843"),
        ("https://www.ncbi.nlm.nih.gov/pubmed/35509843", "pmid:35509843"),
        ("https://pmc.ncbi.nlm.nih.gov/articles/PMC6767816", "pmcid:pmc6767816"),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC6767816/", "pmcid:pmc6767816"),
    ],
)
def test_an_address_tells_what_it_identifies(url: str, expected: str) -> None:
    assert expected in identifiers_of(url)


def test_one_page_has_one_address_with_and_without_www_and_slash() -> None:
    assert identifiers_of("https://www.clinic.example/a/") == identifiers_of("http://clinic.example/a")


@given(st.text(max_size=80))
def test_no_address_makes_the_reader_fail(text: str) -> None:
    identifiers_of(text)
    identifiers_of(f"https://{text}")
