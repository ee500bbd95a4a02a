"""What the corpus promises: the clinic's words, all of them and no others; studies as they were read."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kbot.clinic import read_clinic
from kbot.errors import CorpusError
from kbot.evaluation import KINDS
from kbot.ingest.corpus import read_corpus
from kbot.ingest.passages import sentence_spans, split_passages
from kbot.ingest.questions import Bank, read_bank
from kbot.records import Document, Kind, Passage, TopicKind
from kbot.text import words

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parent.parent
CORPUS = REPOSITORY / "corpus"
READ_ME = (CORPUS / "README.md").read_text(encoding="utf-8")
# The page shows this heading on two lines; it is one.
SOURCE = (
    (REPOSITORY / "tests/fixtures/clinic_article.txt")
    .read_text(encoding="utf-8")
    .replace("Meet the Book That’s\nChanging Lives", "Meet the Book That’s Changing Lives")
)
DOCUMENTS = {document.id: document for document in read_corpus(CORPUS)}
CLINIC = {id_: document for id_, document in DOCUMENTS.items() if not document.kind.is_study}
STUDIES = {id_: document for id_, document in DOCUMENTS.items() if document.kind.is_study}


def source_lines() -> list[str]:
    """Return the lines of the clinic's text without bullets and space around them."""
    lines = (re.sub(r"^[\s•—–]+", "", line).strip() for line in SOURCE.splitlines())
    return [line for line in lines if line]


def body_lines(document: Document) -> Iterator[str]:
    """Return the lines of a document's body without the marks of headings and lists."""
    for line in document.text[document.body :].splitlines():
        if stripped := re.sub(r"^(#+|-)\s+", "", line).strip():
            yield stripped


def tables(section: str) -> list[list[str]]:
    """Return the rows of the tables below a heading of the read-me file."""
    text = re.sub(r"```.*?```", "", READ_ME, flags=re.DOTALL).split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line] for line in lines]
    return [row for row in rows if not set("".join(row)) <= {"-", " "}]


LEFT_OUT = {row[0]: row[1] for row in tables("Left out")[1:]}


def kept_lines() -> Counter[str]:
    cited = (document.cited_as for document in STUDIES.values())
    bodies = (line for document in CLINIC.values() for line in body_lines(document))
    return Counter([*bodies, *filter(None, cited)])


def test_every_line_of_the_clinics_text_stands_in_the_corpus_as_often_or_is_listed_as_left_out() -> None:
    lines, kept = Counter(source_lines()), kept_lines() + Counter(LEFT_OUT.keys())
    assert {line: (count, kept[line]) for line, count in lines.items() if kept[line] != count} == {}


def test_no_line_is_listed_as_left_out_that_the_clinics_text_does_not_have() -> None:
    assert set(LEFT_OUT) - set(source_lines()) == set()
    assert {reason.split(":")[0] for reason in LEFT_OUT.values()} == {"menu", "duplicate", "heading", "caption"}


def test_every_sentence_of_the_clinics_text_stands_in_exactly_one_document() -> None:
    prose = [line for line in source_lines() if line not in LEFT_OUT and "https://" not in line]
    sentences = {
        line[slice(*span)] for line in prose if line.endswith((".", "!", "?")) for span in sentence_spans(line)
    }
    assert len(sentences) > 90
    texts = [document.text[document.body :] for document in DOCUMENTS.values()]
    assert {sentence for sentence in sentences if sum(sentence in text for text in texts) != 1} == set()


def test_the_clinics_documents_say_nothing_that_the_clinic_did_not() -> None:
    added = {line for document in CLINIC.values() for line in body_lines(document)} - set(source_lines())
    # The one heading of our own names the page that gathers the rest.
    assert added == {"Contact, insurance and first steps"}


def test_each_citation_of_the_article_leads_to_one_document_of_the_cited_address() -> None:
    citations = {line for line in source_lines() if "https://" in line}
    cited = {document.cited_as: document for document in STUDIES.values() if document.cited_as}
    assert set(cited) == citations
    assert len(citations) == 4
    for citation, document in cited.items():
        assert document.url == citation.rsplit(" ", 1)[1]


def test_the_faq_has_eleven_questions_with_one_answer_each() -> None:
    faq = DOCUMENTS["faq"]
    passages = split_passages(faq, lambda text: len(text.split()))
    questions = [passage.heading[-1] for passage in passages]
    assert len(questions) == len(set(questions)) == 11
    assert all(question.endswith("?") for question in questions)
    # The one that stands glued to the answer before it in the clinic's text.
    assert "How does ketamine infusion therapy work?" in questions


# Every figure in a summary, as it was read in the paper's abstract. A figure that is not here was not read there.
FIGURES = {
    "abdallah-2015": [],
    "gill-2021": ["0.5"],
    "ketamine-review-2022": [],
    "mandal-2019": ["0.5"],
    "mcintyre-2021": [],
    "murrough-2013": ["73", "64", "28", "7.95", "95", "3.20", "12.71"],
    "neuropsychopharmacology-s41386-023-01629-w": ["41386", "023", "01629"],
    "pubmed-35027209": ["53.6", "28.9"],
    "pubmed-35509843": ["35509843"],
    "pubmed-35688035": ["79", "2,665", "45", "30"],
    "wilkinson-2018": ["10", "11", "167", "0.48", "0.85"],
    "zarate-2006": ["17", "71", "29", "35"],
}


def test_summaries_of_studies_have_the_figures_that_were_read_and_no_others() -> None:
    found = {
        id_: list(dict.fromkeys(re.findall(r"\d+(?:[.,]\d+)*", document.text[document.body :])))
        for id_, document in STUDIES.items()
    }
    assert found == FIGURES


@pytest.mark.parametrize("name", ["Kavalali", "Monteggia", "Yavi", "Henter", "Discover Mental Health", "2:9"])
def test_no_name_that_was_recalled_rather_than_read_stands_in_a_study(name: str) -> None:
    assert [id_ for id_, document in STUDIES.items() if name in document.text] == []


def test_an_address_that_nobody_has_read_is_shown_as_such_and_answers_nothing() -> None:
    unread = {id_ for id_, document in STUDIES.items() if not document.searchable}
    assert unread == {"neuropsychopharmacology-s41386-023-01629-w", "pubmed-35509843"}
    for id_ in unread:
        assert STUDIES[id_].title_is_description
        assert (STUDIES[id_].authors, STUDIES[id_].year) == ((), None)


def test_summaries_are_labelled_as_ours_and_lead_to_the_paper() -> None:
    for document in STUDIES.values():
        assert document.kind is Kind.STUDY_SUMMARY
        assert document.url is not None
        assert document.url.startswith(
            (
                "https://doi.org/",
                "https://pubmed.ncbi.nlm.nih.gov/",
                "https://pmc.ncbi.nlm.nih.gov/",
                "https://www.nature.com/",
            )
        )


def test_the_clinics_facts_are_those_of_its_text() -> None:
    clinic = read_clinic(CORPUS / "clinic.toml")
    assert (clinic.name, clinic.home_page) == ("Asana Recovery", "https://asanarecovery.com/")
    assert SOURCE.startswith(f"Call Us\n\n{clinic.phone}\n\nText Us\n\n{clinic.text}\n")
    assert clinic.phone_dial == clinic.text_dial == "+1" + "".join(filter(str.isdigit, clinic.phone))
    # Not in the clinic's text: empty until the clinic fills it in, rather than guessed.
    assert (clinic.article_url, clinic.contact_url, clinic.hours) == ("", "", "")


def known_in_message(tmp_path: Path, text: str) -> set[str]:
    """Return what a build names as known, when it meets a key or kind that it doesn't know."""
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError) as failed:
        read_corpus(tmp_path)
    (problem,) = failed.value.problems
    return set(re.split(r"known are |use one of ", problem)[1].split(", "))


def test_the_read_me_file_explains_every_key_and_kind_of_a_document(tmp_path: Path) -> None:
    explained = {row[0].strip("`") for row in tables("A document")}
    keys = known_in_message(tmp_path, "---\ntitle: A\nkind: clinic FAQ\nzebra: 1\n---\nText\n")
    assert explained - {"Key", "Kind"} == keys | set(Kind)


def test_the_read_me_file_explains_every_key_of_the_bank_and_of_the_clinics_facts() -> None:
    assert {row[0].strip("`") for row in tables("The question bank")} - {"Key"} == {
        "topic", "about", "kind", "ask", "quotes", "missing", "words"
    }  # fmt: skip
    facts = {row[1].strip("`") for row in tables("The clinic's facts")} - {"Key"}
    assert facts == set(read_clinic(CORPUS / "clinic.toml").as_dict())


def test_the_examples_of_the_read_me_file_can_be_built(tmp_path: Path) -> None:
    document, bank = re.findall(r"```(?:markdown|yaml)\n(.*?)```", READ_ME, re.DOTALL)
    folder = tmp_path / "corpus"
    (folder / "questions").mkdir(parents=True)
    (folder / "faq.md").write_text(document, encoding="utf-8")
    (folder / "questions" / "bank.yaml").write_text(bank, encoding="utf-8")
    assert [found.id for found in read_corpus(folder)] == ["faq"]
    passages = [p for d in DOCUMENTS.values() for p in split_passages(d, lambda text: len(text.split()))]
    assert read_bank(folder, passages).problems == []
    assert {topic["kind"] for topic in yaml.safe_load(bank)} == {"answered", "not_covered"}


@pytest.fixture(scope="module")
def passages() -> list[Passage]:
    searchable = [document for document in DOCUMENTS.values() if document.searchable]
    return [passage for d in searchable for passage in split_passages(d, lambda text: len(text.split()))]


@pytest.fixture(scope="module")
def bank(passages: list[Passage]) -> Bank:
    return read_bank(CORPUS, passages)


def test_every_quote_of_the_bank_stands_in_the_corpus(bank: Bank) -> None:
    assert bank.problems == []


def test_the_bank_has_180_topics_and_2500_phrasings_and_at_least_half_of_the_topics_unanswered(bank: Bank) -> None:
    names = re.findall(r"^- topic: (\S+)$", "\n".join(map(read, CORPUS.glob("questions/*.yaml"))), re.MULTILINE)
    own = [topic for topic in bank.topics if topic.id in set(names)]
    assert len(own) == len(names) >= 180
    assert sum(len(topic.phrasings) for topic in own) >= 2500
    assert sum(topic.kind is TopicKind.ANSWERED for topic in own) <= len(own) / 2


def test_the_bank_quotes_every_passage_that_says_something(bank: Bank, passages: list[Passage]) -> None:
    quoted = {quote.passage_id for topic in bank.topics for quote in topic.quotes}
    assert {passage.text for passage in passages if passage.id not in quoted} <= {"And much more!"}


def test_few_golden_questions_stand_in_the_bank_word_for_word(bank: Bank) -> None:
    """Else the golden questions would measure what was learned by heart. Short ones are the same by chance."""
    asked = {" ".join(words(row["turns"][-1])) for row in golden("questions") if len(row["turns"]) == 1}
    known = {" ".join(words(phrasing)) for topic in bank.topics for phrasing in topic.phrasings}
    assert len(asked & known) <= 0.18 * len(asked)
    assert len([text for text in asked & known if len(text.split()) > 6]) <= 10


@pytest.mark.parametrize("name", ["questions", "rewordings"])
def test_golden_questions_quote_the_corpus_word_for_word(passages: list[Passage], name: str) -> None:
    rows = golden(name)
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["kind"] in KINDS
        assert bool(row["gold"]) == (row["kind"] == "answerable") or row["kind"] == "contact"
        assert all(any(gold in passage.text for passage in passages) for gold in row["gold"]), row["id"]


def golden(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read(REPOSITORY / "tests" / "golden" / f"{name}.jsonl").splitlines()]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
