from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kbot.audit.apa import parse_citation

FAMILY = st.from_regex(r"(van der |O')?[A-ZÅÉ][a-zéø]{1,9}(-[A-Z][a-z]{2,6})?", fullmatch=True)
INITIALS = st.lists(st.sampled_from("ABCDEÉ"), min_size=1, max_size=3).map(
    lambda letters: " ".join(f"{c}." for c in letters)
)
WORD = st.from_regex(r"[a-z]{2,9}", fullmatch=True)
TITLE = st.lists(WORD, min_size=2, max_size=9).map(lambda words: " ".join(words).capitalize())
JOURNAL = st.lists(WORD.map(str.capitalize), min_size=1, max_size=4).map(" ".join)


def test_a_citation_is_read_field_by_field() -> None:
    cited = parse_citation(
        "Feder, A., Parides, M. K., … & Charney, D. S. (2019). Efficacy of ketamine in treatment-resistant major "
        "depression. Nature, 566(7743), 63-67. https://www.nature.com/articles/s41386-023-01629-w"
    )
    assert cited is not None
    assert cited.authors == ("Feder", "Parides", "Charney")
    assert not cited.all_authors
    assert cited.title == "Efficacy of ketamine in treatment-resistant major depression"
    assert (cited.year, cited.journal, cited.volume, cited.issue) == (2019, "Nature", "566", "7743")
    assert cited.pages == "63-67"
    assert cited.identifiers == {
        "url:nature.com/articles/s41386-023-01629-w",
        "doi:10.1038/s41386-023-01629-w",
    }


def test_titles_that_ask_and_journals_that_are_abbreviated_are_told_apart() -> None:
    cited = parse_citation(
        "Smith-Jones, A.-B., Jr., van der Kolk, B. A., & O'Brien, K. (2018a, March 3). Does it work? A trial "
        "of 2.5 mg. Proc. Natl. Acad. Sci. U. S. A., 115(3), E12–E19. doi:10.1000/xyz."
    )
    assert cited is not None
    assert cited.authors == ("Smith-Jones", "van der Kolk", "O'Brien")
    assert cited.all_authors
    assert (cited.title, cited.journal) == ("Does it work? A trial of 2.5 mg", "Proc. Natl. Acad. Sci. U. S. A.")
    assert (cited.volume, cited.issue, cited.pages) == ("115", "3", "E12–E19")
    assert cited.url == "https://doi.org/10.1000/xyz"


def test_what_a_citation_leaves_out_is_left_out() -> None:
    cited = parse_citation("World Health Organization. (n.d.). Depression. https://who.example/depression")
    assert cited is not None
    assert (cited.authors, cited.year, cited.title) == (("World Health Organization",), None, "Depression")
    assert (cited.journal, cited.volume, cited.pages) == (None, None, None)


def test_a_text_without_a_year_in_brackets_is_no_citation() -> None:
    assert parse_citation("see the study by Feder") is None


@given(
    st.lists(st.tuples(FAMILY, INITIALS), min_size=1, max_size=7),
    st.booleans(),
    st.integers(1900, 2099),
    TITLE,
    JOURNAL,
    st.tuples(st.integers(1, 999), st.none() | st.integers(1, 9999)),
    st.tuples(st.integers(1, 5000), st.integers(0, 99)),
)
def test_every_field_of_a_well_formed_citation_comes_back(
    people: list[tuple[str, str]],
    cut: bool,
    year: int,
    title: str,
    journal: str,
    published: tuple[int, int | None],
    pages: tuple[int, int],
) -> None:
    volume, issue = published
    names = [f"{family}, {initials}" for family, initials in people]
    cut = cut and len(names) > 1
    listed = f"{', '.join(names[:-1])}, {'… ' if cut else ''}& {names[-1]}" if len(names) > 1 else names[0]
    number = f"{volume}({issue})" if issue else str(volume)
    span = f"{pages[0]}-{sum(pages)}"

    cited = parse_citation(f"{listed} ({year}). {title}. {journal}, {number}, {span}. https://doi.org/10.5555/x.1")

    assert cited is not None
    assert cited.authors == tuple(family for family, _ in people)
    assert cited.all_authors is not cut
    assert (cited.year, cited.title, cited.journal) == (year, title, journal)
    assert (cited.volume, cited.issue, cited.pages) == (str(volume), str(issue) if issue else None, span)
    assert "doi:10.5555/x.1" in cited.identifiers


@given(st.text(max_size=300) | st.text(alphabet="(2019). ,&…Aa-12:/?htps", max_size=300))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    parse_citation(text)
    parse_citation(f"Byron, A. (2020). {text} https://{text}")
