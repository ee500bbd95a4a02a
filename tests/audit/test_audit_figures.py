from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.audit.figures import Figure, Uncompared, Verdict, percentages, read_figures, uncompared_figures
from kbot.errors import CorpusError
from kbot.ingest.corpus import read_corpus
from kbot.ingest.passages import split_passages

CORPUS = Path(__file__).parent.parent.parent / "corpus"
PAGE = "---\ntitle: Tea\nkind: clinic FAQ\n---\n\n# Tea\n\nIt helps 70–80% of people. Up to 100% are covered.\n"
ENTRY = """[[figure]]
id = "helps"
document = "page"
quote = "It helps 70–80% of people."
evidence = "25% slept better."
records = ["tea"]
verdict = "contradicted"
why = "Fewer did."
"""


def read(corpus: Path) -> tuple[list[Figure], list[Uncompared]]:
    documents = read_corpus(corpus)
    passages = [passage for document in documents for passage in split_passages(document, len, budget=2**31)]
    figures = read_figures(corpus, documents, passages)
    return figures, uncompared_figures(documents, passages, figures)


@pytest.fixture
def claims(corpus: Path) -> Path:
    (corpus / "page.md").write_text(PAGE, encoding="utf-8")
    (corpus / "figures.toml").write_text(ENTRY, encoding="utf-8")
    return corpus


def test_every_figure_of_this_corpus_stands_in_its_text_and_none_is_supported() -> None:
    figures, _ = read(CORPUS)
    assert [(figure.id, figure.verdict) for figure in figures] == [
        ("remission-after-a-series", Verdict.CONTRADICTED),
        ("nimh-70-percent", Verdict.MISREAD),
        ("success-70-80-percent", Verdict.UNSUPPORTED),
        ("prescribed-and-approved", Verdict.INCOMPLETE),
    ]
    assert all(figure.stands for figure in figures)


def test_a_quote_that_the_clinic_edited_is_a_finding_not_an_error(claims: Path) -> None:
    (claims / "page.md").write_text(PAGE.replace("70–80%", "half"), encoding="utf-8")
    ((figure,), _) = read(claims)
    assert not figure.stands


def test_percentages_without_an_entry_are_listed_with_their_sentence(claims: Path) -> None:
    _, (uncompared,) = read(claims)
    assert (uncompared.document, uncompared.figure, uncompared.sentence) == (
        "page",
        "100%",
        "Up to 100% are covered.",
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('document = "page"', 'document = "pag"', "there is no document 'pag'"),
        ('records = ["tea"]', 'records = ["coffee"]', "there is no document 'coffee' to carry the evidence"),
        ('records = ["tea"]\n', "", "nothing carries the evidence"),
        ("25% slept", "35% slept", "the evidence says 35%, which stands in none of tea"),
        ('"contradicted"', '"wrong"', "unknown verdict 'wrong'"),
        ('why = "Fewer did."\n', "", "'why' is missing"),
        ('id = "helps"', 'id = "helps"\nnote = "x"', "unknown key 'note'"),
    ],
)
def test_a_mistake_of_the_file_is_named_with_its_entry(claims: Path, old: str, new: str, problem: str) -> None:
    assert old in ENTRY
    (claims / "figures.toml").write_text(ENTRY.replace(old, new), encoding="utf-8")
    with pytest.raises(CorpusError) as error:
        read(claims)
    (found,) = error.value.problems
    assert found.startswith("corpus/figures.toml: [[figure]] 1: ")
    assert problem in found


def test_two_entries_of_one_id_are_refused(claims: Path) -> None:
    (claims / "figures.toml").write_text(ENTRY * 2, encoding="utf-8")
    with pytest.raises(CorpusError, match="'helps' stands twice"):
        read(claims)


def test_a_corpus_without_the_file_has_no_figures(corpus: Path) -> None:
    assert read(corpus) == ([], [])


def test_ranges_are_one_percentage() -> None:
    text = "rates of 50–70% or 2.5 %, 10%-20%, six and 7"
    assert percentages(text) == ["50–70%", "2.5 %", "10%-20%"]


@given(st.lists(st.integers(0, 100), max_size=5))
def test_every_percentage_is_found_once(numbers: list[int]) -> None:
    assert percentages(" people, ".join(f"{number}%" for number in numbers)) == [f"{number}%" for number in numbers]
