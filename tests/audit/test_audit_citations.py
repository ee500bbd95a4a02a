from __future__ import annotations

from pathlib import Path

import pytest

from kbot.audit.citations import CitationFinding, check_citations
from kbot.audit.facts import Facts, read_facts
from kbot.errors import CorpusError
from kbot.ingest.corpus import read_corpus

CORPUS = Path(__file__).parent.parent.parent / "corpus"


def findings_of(corpus: Path) -> dict[str, CitationFinding]:
    return {each.document: each for each in check_citations(read_corpus(corpus), read_facts(corpus))}


def finding_of(corpus: Path, old: str = "", new: str = "") -> CitationFinding:
    """The finding of the study after an edit of its citation, and of nothing else."""
    path = corpus / "tea.md"
    front, mark, cited = path.read_text(encoding="utf-8").partition("cited_as:")
    assert old in cited
    path.write_text(front + mark + cited.replace(old, new), encoding="utf-8")
    return findings_of(corpus)["tea"]


def test_none_of_the_articles_four_citations_matches_its_address() -> None:
    assert [finding.match for finding in findings_of(CORPUS).values()] == [False] * 4


def test_every_field_that_differs_is_named_with_both_values() -> None:
    finding = findings_of(CORPUS)["mandal-2019"]
    assert finding.found.startswith("Mandal, Sinha, Goyal (2019). Efficacy of ketamine therapy in the treatment of")
    title = (
        "Ketamine and rapid-acting antidepressants: A window into a new neurobiology for mood disorder therapeutics"
    )
    there = "Efficacy of ketamine therapy in the treatment of depression"
    assert finding.differences == (
        f"title: the citation says “{title}”; the record says “{there}”",
        "authors: the citation says Abdallah, Sanacora, Duman, Krystal; the record says Mandal, Sinha, Goyal",
        "year: the citation says 2018; the record says 2019",
        "journal: the citation says Annual Review of Neuroscience; the record says Indian Journal of Psychiatry",
        "volume: the citation says 41; the record says 61",
        "pages: the citation says 1-25; the record says 480-485",
    )
    assert all(difference in finding.why for difference in finding.differences)


def test_an_address_that_nobody_has_read_is_judged_by_what_is_known_of_it() -> None:
    findings = findings_of(CORPUS)
    nature = findings["neuropsychopharmacology-s41386-023-01629-w"]
    assert nature.found.startswith("A record of Neuropsychopharmacology that has not been read yet")
    assert "journal: the citation says Nature; the record says Neuropsychopharmacology" in nature.differences
    assert any("begins near page 195" in difference for difference in nature.differences)
    assert any("post-traumatic stress disorder" in note for note in nature.notes)
    psychiatry = findings["pubmed-35509843"]
    (pages,) = psychiatry.differences
    assert pages.startswith("pages: the citation says 19-27, but Journal of Clinical Psychiatry numbers its articles")
    assert psychiatry.why.startswith("nobody has read what is at the address yet")


@pytest.mark.parametrize(
    ("document", "nearest", "others"),
    [
        ("ketamine-review-2022", "gill-2021", {"wilkinson-2018"}),
        ("mandal-2019", "abdallah-2015", set()),
        ("neuropsychopharmacology-s41386-023-01629-w", "murrough-2013", set()),
        ("pubmed-35509843", "mcintyre-2021", set()),
    ],
)
def test_the_nearest_real_paper_is_proposed(document: str, nearest: str, others: set[str]) -> None:
    proposals = findings_of(CORPUS)[document].proposals
    assert proposals[0].document == nearest
    assert others <= {proposal.document for proposal in proposals[1:]}
    assert [p.score for p in proposals] == sorted((p.score for p in proposals), reverse=True)


def test_a_proposal_says_what_it_rests_on() -> None:
    title, authors, *_ = findings_of(CORPUS)["ketamine-review-2022"].proposals
    assert "the cited title is this paper's title" in title.why
    assert "Wilkinson is the first author of both; the same year" in authors.why


def test_no_paper_that_nobody_has_read_is_proposed() -> None:
    unread = {"neuropsychopharmacology-s41386-023-01629-w", "pubmed-35509843"}
    assert not unread & {p.document for finding in findings_of(CORPUS).values() for p in finding.proposals}


def test_a_right_citation_matches_and_needs_no_proposal(corpus: Path) -> None:
    finding = finding_of(corpus)
    assert finding.match is True
    assert finding.differences == ()
    assert finding.proposals == ()


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("Warm tea and sleep", "Cold tea and sleep", "title"),
        ("Byron, A.", "Myron, A.", "authors"),
        ("Li, B., & Ångström, C. D.", "& Li, B.", "authors"),
        ("(2020)", "(2021)", "year"),
        ("Journal of Quiet Nights", "Journal of Loud Nights", "journal"),
        ("12(3)", "13(3)", "volume"),
        ("12(3)", "12(4)", "issue"),
        ("480-485", "481-485", "pages"),
        ("tea.2020.1", "tea.2020.2", "DOI"),
    ],
)
def test_one_wrong_field_is_enough_to_fail_and_is_the_one_that_is_named(
    corpus: Path, old: str, new: str, field: str
) -> None:
    finding = finding_of(corpus, old, new)
    assert finding.match is False
    assert field in {difference.partition(":")[0] for difference in finding.differences}
    assert {difference.partition(":")[0] for difference in finding.differences} <= {field, "address"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Journal of Quiet Nights", "J Quiet Nights"),
        ("480-485", "480–5"),
        ("randomised", "randomized"),
        ("Byron, A., Li, B., & Ångström, C. D.", "Byron, A., … & Angstrom, C. D."),
        ("https://doi.org/10.5555/tea.2020.1", "https://pubmed.ncbi.nlm.nih.gov/12345678/"),
    ],
)
def test_another_way_of_writing_the_same_is_no_difference(corpus: Path, old: str, new: str) -> None:
    assert finding_of(corpus, old, new).match is True


def test_the_right_paper_with_a_slip_is_called_so(corpus: Path) -> None:
    assert finding_of(corpus, "480-485", "1-2").remark == "the right paper, cited with mistakes"


def test_an_unread_address_without_a_contradiction_is_unknown(corpus: Path) -> None:
    path = corpus / "tea.md"
    cited = path.read_text(encoding="utf-8").partition("cited_as:")[2].partition("\n")[0]
    path.write_text(
        "---\nid: tea\ntitle: A record\ntitle_is: description\nkind: summary of a study\nsearch: false\n"
        f"url: https://doi.org/10.5555/tea.2020.1\ncited_as:{cited}\n---\n\nNot read yet.\n",
        encoding="utf-8",
    )
    finding = findings_of(corpus)["tea"]
    assert finding.match is None
    assert "nothing is known that contradicts the citation" in finding.why


def test_another_document_of_the_same_paper_stands_in_for_an_unread_one(corpus: Path) -> None:
    text = (corpus / "tea.md").read_text(encoding="utf-8")
    cited = text.partition("cited_as:")[2].partition("\n")[0].replace("(2020)", "(2021)")
    (corpus / "tea.md").write_text(
        text.replace(f"cited_as:{cited}\n".replace("(2021)", "(2020)"), ""), encoding="utf-8"
    )
    (corpus / "unread.md").write_text(
        "---\ntitle: A record\ntitle_is: description\nkind: summary of a study\nsearch: false\n"
        f"url: https://pubmed.ncbi.nlm.nih.gov/12345678/\npmid: 12345678\ncited_as:{cited}\n---\n\nNot read yet.\n",
        encoding="utf-8",
    )
    finding = findings_of(corpus)["unread"]
    assert finding.match is False
    assert finding.found.startswith("Byron, Li, Ångström (2020)")
    assert finding.differences == ("year: the citation says 2021; the record says 2020",)


def test_a_citation_that_cannot_be_read_is_unknown_and_says_how_to_write_it(corpus: Path) -> None:
    finding = finding_of(corpus, "(2020)", "")
    assert finding.match is None
    assert "can't be read" in finding.why


def test_a_journal_is_known_by_its_address_where_the_record_has_none(corpus: Path) -> None:
    (corpus / "citations.toml").write_text(
        '[[address]]\nbegins = "https://doi.org/10.5555/tea"\njournal = "Tea Letters"\nsource = "its pages"\n',
        encoding="utf-8",
    )
    path = corpus / "tea.md"
    text = path.read_text(encoding="utf-8").replace("journal: Journal of Quiet Nights\n", "")
    path.write_text(text, encoding="utf-8")
    finding = findings_of(corpus)["tea"]
    assert finding.differences == ("journal: the citation says Journal of Quiet Nights; the record says Tea Letters",)
    assert finding.notes == ("journal: the address belongs to Tea Letters (read: its pages)",)


def test_every_mistake_of_the_facts_is_named_at_once(corpus: Path) -> None:
    (corpus / "citations.toml").write_text(
        '[[numbered]]\njournal = "A"\n[[issue]]\njournal = "B"\nvolume = 3\nissue = "1"\nfirst_page = "x"\n'
        'source = "s"\n'
        '[[authors]]\nnames = "Byron"\nwrote = "w"\nsource = "s"\nyear = 3\n',
        encoding="utf-8",
    )
    with pytest.raises(CorpusError) as error:
        read_facts(corpus)
    assert [problem.partition(": write")[0] for problem in error.value.problems] == [
        "corpus/citations.toml: [[numbered]] 1: 'source' is missing or no text",
        "corpus/citations.toml: [[issue]] 1: 'volume' is missing or no text",
        "corpus/citations.toml: [[issue]] 1: 'first_page' is missing or no whole number",
        "corpus/citations.toml: [[authors]] 1: unknown key 'year': use names, wrote, source",
        "corpus/citations.toml: [[authors]] 1: 'names' is no list of texts",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[[numbered", "can't be read"),
        ("[other]\na = 1\n", "unknown table 'other'"),
        ("numbered = 3\n", "'numbered' is no table"),
    ],
)
def test_a_facts_file_that_is_no_table_is_refused(corpus: Path, content: str, problem: str) -> None:
    (corpus / "citations.toml").write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=problem):
        read_facts(corpus)


def test_without_a_facts_file_nothing_is_known(corpus: Path) -> None:
    assert read_facts(corpus) == Facts()
