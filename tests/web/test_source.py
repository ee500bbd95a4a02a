from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from kbot.records import Document, Kind
from kbot.web.source import Link, citation

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from kbot.service import Service


class Ids(HTMLParser):
    """Collects the text inside every element that has an id, and that tags are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: dict[str, str] = {}
        self.headings: list[str] = []
        self.misnested: list[str] = []
        self._open: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        identity = dict(attrs).get("id")
        if identity is not None:
            assert identity not in self.text, f"the id {identity} stands twice"
            self.text[identity] = ""
        if tag not in {"meta", "link", "br", "hr", "img", "base", "path"}:
            self._open.append((tag, identity))
        if tag == "h1":
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            self.misnested.append(tag)
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for tag, identity in self._open:
            if identity is not None:
                self.text[identity] += data
            if tag == "h1":
                self.headings[-1] += data


def words(text: str) -> str:
    return " ".join(re.sub(r"[*`]", "", text).split())


def test_every_passage_has_its_own_address_with_its_own_words(client: TestClient, scripted: Service) -> None:
    pages = {identity: Ids(client.get(f"/source/{identity}").text) for identity in scripted.documents}

    for passage in scripted.passages.values():
        found = pages[passage.document_id].text[passage.id.partition("#")[2]]
        assert words(found) == words(passage.text)


def test_every_page_is_well_formed_and_has_one_title(client: TestClient, scripted: Service) -> None:
    for identity in scripted.documents:
        page = Ids(client.get(f"/source/{identity}").text)
        assert page.misnested == []
        assert len(page.headings) == 1


def test_a_document_is_shown_whole(client: TestClient, scripted: Service) -> None:
    document = scripted.documents["article"]
    shown = words(Ids(client.get("/source/article").text).text["text"])

    for line in document.text[document.body :].splitlines():
        plain = words(re.sub(r"^(#+|-) ", "", line.strip()))
        if plain and not line.startswith("# "):
            assert plain in shown


def test_a_document_that_is_never_an_answer_is_shown_too(client: TestClient, scripted: Service) -> None:
    unused = [document for document in scripted.documents.values() if not document.searchable]

    for document in unused:
        page = client.get(f"/source/{document.id}")
        assert page.status_code == 200
        assert "does not use this page for its answers" in page.text


def test_what_a_paper_was_cited_as_is_for_staff_only(client: TestClient, scripted: Service) -> None:
    cited = [document for document in scripted.documents.values() if document.cited_as]
    assert cited

    for document in cited:
        assert document.cited_as
        assert document.cited_as[:60] not in client.get(f"/source/{document.id}").text


def test_a_long_page_has_a_table_of_contents_that_leads_to_its_headings(client: TestClient) -> None:
    page = client.get("/source/article").text

    targets = re.findall(r'<a href="#(section-[^"]+)"', page)
    assert len(targets) == 12
    assert targets[0] == "section-what-is-ketamine-therapy-for-depression"
    assert all(f'id="{target}"' in page for target in targets)


def test_a_short_page_has_none(client: TestClient) -> None:
    assert "On this page" not in client.get("/source/zarate-2006").text


def test_a_study_links_to_its_registers(client: TestClient) -> None:
    page = client.get("/source/mandal-2019").text

    assert "Summary of a study" in page
    assert 'href="https://doi.org/10.4103/psychiatry.IndianJPsychiatry_484_18"' in page


@pytest.mark.parametrize(
    "identity", ["nothing", "..%2F..%2Fetc%2Fpasswd", "<script>alert(1)</script>", "faq.md", "%00"]
)
def test_an_unknown_document_leads_on_to_people(client: TestClient, identity: str) -> None:
    response = client.get(f"/source/{identity}", headers={"accept": "text/html"})

    assert response.status_code == 404
    assert 'href="tel:+19497633440"' in response.text
    assert "<script" not in response.text


def study(**facts: object) -> Document:
    document = Document("x", "A trial", Kind.STUDY_SUMMARY, "---\n---\nText", 8, "abstracts/x.md")
    return replace(document, **facts)  # type: ignore[arg-type]


def test_a_citation_names_what_is_known_in_the_usual_order() -> None:
    cited = citation(
        study(
            authors=("Wilkinson, S. T.", "Ballard, E. D."),
            year=2018,
            journal="American Journal of Psychiatry",
            volume="175(2)",
            pages="150-158",
            doi="10.1176/x",
            pmid="123",
            pmcid="PMC9",
            url="https://doi.org/10.1176/x",
        )
    )

    assert cited is not None
    assert cited.text == (
        "Wilkinson, S. T., Ballard, E. D. (2018). A trial. American Journal of Psychiatry 175(2), 150-158."
    )
    assert cited.links == (
        Link("DOI 10.1176/x", "https://doi.org/10.1176/x"),
        Link("PubMed 123", "https://pubmed.ncbi.nlm.nih.gov/123/"),
        Link("PMC9", "https://pmc.ncbi.nlm.nih.gov/articles/PMC9/"),
    )


def test_a_title_in_our_own_words_is_not_cited_as_the_papers() -> None:
    cited = citation(study(title_is_description=True, authors=("Zarate et al.",), year=2006))

    assert cited is not None
    assert cited.text == "Zarate et al. (2006)."


def test_a_document_without_facts_has_no_citation() -> None:
    assert citation(replace(study(title_is_description=True), kind=Kind.CLINIC_FAQ)) is None
