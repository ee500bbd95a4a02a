from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kbot.audit.fetch import _markdown, plan_replacement, write_replacement
from kbot.errors import CorpusError, InputError, OnlineError
from kbot.ingest.corpus import read_corpus
from kbot.ingest.passages import plain_inline, split_passages
from kbot.records import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from tests.audit.conftest import Recorded

    from kbot.audit.crossref import Crossref
    from kbot.audit.pubmed import PubMed


def test_the_abstract_takes_the_place_of_our_summary_word_for_word(corpus: Path, pubmed: PubMed) -> None:
    before = (corpus / "tea.md").read_text(encoding="utf-8")
    replacement = plan_replacement(corpus, "tea", [pubmed])
    assert (corpus / "tea.md").read_text(encoding="utf-8") == before
    write_replacement(corpus, replacement)

    (document,) = read_corpus(corpus)
    assert document.kind is Kind.STUDY_ABSTRACT
    assert [passage.text for passage in split_passages(document, len, budget=2**31)] == [
        "BACKGROUND: Tea is said to help people sleep.",
        "METHODS: We gave 40 people a warm cup of tea, or warm water, on 7 nights (p<0.05 was taken as a sign).",
        "RESULTS: Of those with tea, 25% slept better [95% CI 12 to 43].",
        "CONCLUSIONS: Tea may help.",
    ]
    assert "Of 40 people" not in document.text
    assert [path.name for path in corpus.iterdir()] == ["tea.md"]


def test_what_the_front_matter_knew_stays_and_what_it_lacked_is_added(corpus: Path, pubmed: PubMed) -> None:
    text = (corpus / "tea.md").read_text(encoding="utf-8")
    text = text.replace("pages: 480-485\n", "").replace(
        "authors: [Byron, Li, Ångström]", "authors:\n  - Byron et al."
    )
    (corpus / "tea.md").write_text(text.replace("id: tea\n", "id: tea\nreviewed_on: 2026-01-31\n"), encoding="utf-8")
    write_replacement(corpus, plan_replacement(corpus, "tea", [pubmed]))

    (document,) = read_corpus(corpus)
    assert document.authors == ("Byron", "Li", "Ångström")
    assert (document.pages, document.pmcid) == ("480-5", "PMC7654321")
    assert (document.volume, document.journal) == ("12(3)", "Journal of Quiet Nights")
    assert document.cited_as is not None
    assert document.reviewed_on is None, "nobody has read the new text yet"


def test_a_title_in_our_words_becomes_the_papers_own(corpus: Path, pubmed: PubMed) -> None:
    text = (corpus / "tea.md").read_text(encoding="utf-8")
    text = text.replace(
        'title: "Warm tea and sleep: A randomised trial"', "title: A study of tea\ntitle_is: description"
    )
    (corpus / "tea.md").write_text(text, encoding="utf-8")
    write_replacement(corpus, plan_replacement(corpus, "tea", [pubmed]))
    (document,) = read_corpus(corpus)
    assert (document.title, document.title_is_description) == ("Warm tea and sleep: A randomized trial", False)


def test_another_paper_is_refused(corpus: Path, pubmed: PubMed) -> None:
    text = (corpus / "tea.md").read_text(encoding="utf-8")
    text = text.replace('title: "Warm tea and sleep', 'title: "Cold tea and sleep')
    (corpus / "tea.md").write_text(text, encoding="utf-8")
    with pytest.raises(OnlineError, match=r"“Warm tea and sleep: A randomized trial”, but tea\.md is “Cold tea"):
        plan_replacement(corpus, "tea", [pubmed])


def test_a_difference_in_our_record_is_shown(corpus: Path, pubmed: PubMed) -> None:
    text = (corpus / "tea.md").read_text(encoding="utf-8").replace("year: 2020", "year: 2019")
    (corpus / "tea.md").write_text(text, encoding="utf-8")
    assert plan_replacement(corpus, "tea", [pubmed]).differences == ("year: our record says 2019; PubMed says 2020",)


def test_crossref_is_asked_where_pubmed_fails(
    corpus: Path, pubmed: PubMed, crossref: Crossref, web: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kbot.audit.pubmed._TRIES", 1)
    web.answer("/entrez/eutils/efetch.fcgi", "text/plain", "busy", 500)
    replacement = plan_replacement(corpus, "tea", [pubmed, crossref])
    assert replacement.register == "Crossref"
    assert replacement.abstract[1] == "Tea is said to help some people sleep."


def test_without_an_abstract_anywhere_nothing_is_planned(corpus: Path, crossref: Crossref, web: Recorded) -> None:
    web.answer("/works/10.5555/tea.2020.1", "application/json", '{"message": {"DOI": "10.5555/tea.2020.1"}}')
    with pytest.raises(OnlineError, match="no abstract of 'tea' was found: Crossref has no abstract of it"):
        plan_replacement(corpus, "tea", [crossref])


def test_only_a_study_of_the_corpus_can_be_fetched(corpus: Path) -> None:
    (corpus / "faq.md").write_text("---\ntitle: T\nkind: clinic FAQ\n---\n\nWords.\n", encoding="utf-8")
    for id_ in ("faq", "nothing"):
        with pytest.raises(InputError, match=f"there is no study '{id_}'"):
            plan_replacement(corpus, id_, [])


def test_a_file_edited_meanwhile_is_left_alone(corpus: Path, pubmed: PubMed) -> None:
    replacement = plan_replacement(corpus, "tea", [pubmed])
    edited = (corpus / "tea.md").read_text(encoding="utf-8") + "\nA new thought.\n"
    (corpus / "tea.md").write_text(edited, encoding="utf-8")
    with pytest.raises(CorpusError, match="edited meanwhile"):
        write_replacement(corpus, replacement)
    assert (corpus / "tea.md").read_text(encoding="utf-8") == edited


def test_windows_line_ends_are_kept(corpus: Path, pubmed: PubMed) -> None:
    text = (corpus / "tea.md").read_text(encoding="utf-8").replace("\n", "\r\n")
    (corpus / "tea.md").write_bytes(text.encode())
    write_replacement(corpus, plan_replacement(corpus, "tea", [pubmed]))
    data = (corpus / "tea.md").read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n") > 10
    assert read_corpus(corpus)[0].kind is Kind.STUDY_ABSTRACT


@given(
    st.text(alphabet="ab 1.)*_`[]()<>#+-=&;!|~\\:/%—é", min_size=1, max_size=40)
    .map(lambda text: " ".join(text.split()))
    .filter(lambda text: text != "")
)
def test_markdown_shows_exactly_the_words_of_an_abstract(words: str) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(_markdown(words))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert plain_inline(tokens[1]) == words
