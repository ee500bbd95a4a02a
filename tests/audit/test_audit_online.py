from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest

from kbot.audit.crossref import Crossref
from kbot.audit.online import OnlineReport, Registers, check_online
from kbot.audit.references import Reference
from kbot.audit.registers import Pace, RegisterRecord
from kbot.audit.report import AuditReport, audit, with_online
from kbot.audit.terminal import render_audit
from kbot.errors import OnlineError, SettingsError
from kbot.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.audit.conftest import Recorded

    from kbot.audit.pages import Pages
    from kbot.audit.pubmed import PubMed

TEA = Reference(identifiers=frozenset(["pmid:12345678", "doi:10.5555/tea.2020.1"]))
PAGE = "---\ntitle: Tea\nkind: clinic FAQ\nurl: {url}\n---\n\n# Tea\n\nTea helps many people.\n\nIt is “warm”.\n"


def audited(corpus: Path) -> AuditReport:
    return audit(Settings(corpus=corpus), datetime.date(2026, 6, 30))


class Silent:
    """Pages that nobody may ask for."""

    def text(self, url: str) -> str:
        raise AssertionError(url)


class Down:
    """A register that can't be reached; it counts how often it is asked."""

    name = "Down"

    def __init__(self) -> None:
        self.asked = 0

    def look_up(self, wanted: Reference) -> RegisterRecord | None:
        del wanted
        self.asked += 1
        raise OnlineError("Down can't be reached")


def test_pubmed_gives_the_whole_reference_and_the_abstract(pubmed: PubMed, web: Recorded) -> None:
    record = pubmed.look_up(TEA)
    assert record is not None
    assert record.reference == Reference(
        title="Warm tea and sleep: A randomized trial",
        authors=("Byron", "Li", "Ångström"),
        year=2020,
        journal="Journal of quiet nights",
        volume="12",
        issue="3",
        pages="480-5",
        url="https://pubmed.ncbi.nlm.nih.gov/12345678/",
        identifiers=frozenset(["pmid:12345678", "doi:10.5555/tea.2020.1", "pmcid:pmc7654321"]),
    )
    assert (record.abstract or "").startswith(
        "BACKGROUND: Tea is said to help people sleep. METHODS: We gave 40 people"
    )
    asked = web.query("/entrez/eutils/efetch.fcgi")
    assert (asked["id"], asked["email"], asked["tool"]) == (["12345678"], ["keeper@clinic.example"], ["kbot"])


@pytest.mark.parametrize(
    ("known", "path", "query"),
    [
        ("doi:10.5555/tea.2020.1", "/entrez/eutils/esearch.fcgi", {"term": ["10.5555/tea.2020.1[AID]"]}),
        ("pmcid:pmc7654321", "/entrez/eutils/elink.fcgi", {"id": ["7654321"], "linkname": ["pmc_pubmed"]}),
    ],
)
def test_pubmed_finds_a_paper_without_its_number(
    pubmed: PubMed, web: Recorded, known: str, path: str, query: dict[str, list[str]]
) -> None:
    record = pubmed.look_up(Reference(identifiers=frozenset([known])))
    assert record is not None
    assert "pmid:12345678" in record.reference.identifiers
    assert query.items() <= web.query(path).items()


def test_pubmeds_record_of_another_number_is_no_answer(pubmed: PubMed) -> None:
    assert pubmed.look_up(Reference(identifiers=frozenset(["pmid:99"]))) is None


def test_crossref_gives_the_reference_and_the_abstract_without_marks(crossref: Crossref, web: Recorded) -> None:
    record = crossref.look_up(TEA)
    assert record is not None
    assert (record.reference.authors, record.reference.year) == (("Byron", "Li", "Ångström"), 2020)
    assert (record.reference.journal, record.reference.pages) == ("Journal of Quiet Nights", "480-485")
    assert record.abstract == (
        "Background\nTea is said to help some people sleep.\nResults\n25% slept better (p < 0.05)."
    )
    assert "keeper@clinic.example" in web.agents[0]


def test_a_doi_that_crossref_does_not_have_is_no_answer(crossref: Crossref) -> None:
    assert crossref.look_up(Reference(identifiers=frozenset(["doi:10.5555/none"]))) is None


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_register_in_trouble_is_an_error_that_says_what_to_do(
    pubmed: PubMed, crossref: Crossref, web: Recorded, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr("kbot.audit.pubmed._TRIES", 1)
    web.answer("/entrez/eutils/efetch.fcgi", "text/plain", "busy", status)
    web.answer("/works/10.5555/tea.2020.1", "application/json", "{}", status)
    for register in (pubmed, crossref):
        with pytest.raises(OnlineError, match=f"{register.name} can't be reached.*try again"):
            register.look_up(TEA)


@pytest.mark.parametrize("body", ["<html>Sign in to the network</html>", "{", '{"message": []}', '{"message": {}}'])
def test_an_answer_that_nobody_can_read_is_an_error_not_a_crash(crossref: Crossref, web: Recorded, body: str) -> None:
    web.answer("/works/10.5555/tea.2020.1", "application/json", body)
    with pytest.raises(OnlineError, match="Crossref"):
        crossref.look_up(TEA)


def test_a_machine_without_internet_gets_the_rest_of_the_audit(corpus: Path, web: Recorded, pages: Pages) -> None:
    from kbot.audit.pubmed import PubMed

    web.close()
    contact = "keeper@clinic.example"
    crossref = Crossref(contact, url=web.url, pace=Pace(0))
    report = audited(corpus)
    online = check_online(report, Registers([PubMed(contact), crossref], crossref, pages))
    assert [problem.partition(" ")[0] for problem in online.problems] == ["PubMed", "Crossref"]
    text = render_audit(with_online(report, online))
    assert "Not everything could be asked online; the rest of the audit stands:" in text
    assert "MATCHES" in text


def test_a_register_that_fails_once_is_not_asked_again(corpus: Path) -> None:
    (corpus / "second.md").write_text(
        (corpus / "tea.md").read_text("utf-8").replace("id: tea", "id: second"), "utf-8"
    )
    down = Down()
    online = check_online(audited(corpus), Registers([down], None, Silent()))
    assert (down.asked, online.problems) == (1, ["Down can't be reached"])


def test_a_register_and_our_record_that_agree_are_said_to(corpus: Path, pubmed: PubMed, crossref: Crossref) -> None:
    online = check_online(audited(corpus), Registers([pubmed, crossref], crossref, Silent()))
    assert [(each.register, each.differences, each.text) for each in online.records] == [
        ("PubMed", (), ""),
        ("Crossref", (), ""),
    ]
    assert online.problems == []


def test_our_record_is_corrected_by_the_register_field_by_field(corpus: Path, pubmed: PubMed) -> None:
    text = (corpus / "tea.md").read_text(encoding="utf-8").replace("year: 2020", "year: 2019")
    (corpus / "tea.md").write_text(text.replace("Of 40 people, 25%", "Of 41 people, 25%"), encoding="utf-8")
    (check,) = check_online(audited(corpus), Registers([pubmed], None, Silent())).records
    assert check.differences == ("year: our record says 2019; PubMed says 2020",)
    assert check.text == "figures of our summary that stand nowhere in PubMed's abstract: 41"


def test_a_citation_is_judged_by_what_the_register_says(corpus: Path, pubmed: PubMed) -> None:
    cited = (corpus / "tea.md").read_text(encoding="utf-8").partition("cited_as:")[2].partition("\n")[0]
    (corpus / "tea.md").write_text(
        "---\nid: tea\ntitle: A record\ntitle_is: description\nkind: summary of a study\nsearch: false\n"
        f"url: https://doi.org/10.5555/tea.2020.1\ncited_as:{cited}\n---\n\nNot read yet.\n",
        encoding="utf-8",
    )
    report = audited(corpus)
    assert report.citations[0].match is None
    online = check_online(report, Registers([pubmed], None, Silent()))
    (finding,) = with_online(report, online).citations
    assert finding.match is True
    assert finding.found.startswith("Byron, Li, Ångström (2020). Warm tea and sleep: A randomized trial.")


def test_a_citation_that_fails_is_looked_up_by_its_words(corpus: Path, crossref: Crossref, web: Recorded) -> None:
    text = (corpus / "tea.md").read_text(encoding="utf-8")
    (corpus / "tea.md").write_text(text.replace("480-485. https", "1-2. https"), encoding="utf-8")
    online = check_online(audited(corpus), Registers([crossref], crossref, Silent()))
    (search,) = online.searches
    assert search.paper.startswith("Byron (2020). Warm tea and sleep: A randomised trial.")
    assert web.query("/works")["query.bibliographic"][0].startswith("Byron, A., Li, B.")


def test_an_abstract_that_was_changed_at_its_source_is_found(corpus: Path, pubmed: PubMed) -> None:
    text = (corpus / "tea.md").read_text(encoding="utf-8").replace("summary of a study", "study abstract")
    (corpus / "tea.md").write_text(text, encoding="utf-8")
    (check,) = check_online(audited(corpus), Registers([pubmed], None, Silent())).records
    assert check.text.startswith("our text is no longer PubMed's abstract (")


def pages_of(corpus: Path, url: str, pages: Pages) -> OnlineReport:
    (corpus / "tea.md").unlink()
    (corpus / "page.md").write_text(PAGE.format(url=url), encoding="utf-8")
    return check_online(audited(corpus), Registers([], None, pages))


def test_a_passage_that_left_the_clinics_page_is_named(corpus: Path, web: Recorded, pages: Pages) -> None:
    web.answer(
        "/faq",
        "text/html; charset=utf-8",
        '<body><p>Tea <b>helps</b>\n many people</p><script>"It is warm"</script><p>It is cold.</p></body>',
    )
    (check,) = pages_of(corpus, f"{web.url}/faq", pages).pages
    assert [each.rpartition("-")[0] for each in check.gone] == ["page#tea"]
    assert audited(corpus).passages[1].id == check.gone[0]
    assert "mailto:keeper@clinic.example" in web.agents[0]


@pytest.mark.parametrize(
    ("status", "kind", "problem"), [(404, "text/html", "answers 404"), (200, "image/png", "no HTML")]
)
def test_a_page_that_is_gone_or_no_page_is_a_finding(
    corpus: Path, web: Recorded, pages: Pages, status: int, kind: str, problem: str
) -> None:
    web.answer("/faq", kind, "x", status)
    (check,) = pages_of(corpus, f"{web.url}/faq", pages).pages
    assert problem in check.problem
    assert check.gone == ()


@pytest.mark.parametrize("contact", ["", "nobody", "a b@clinic.example", "@clinic.example"])
def test_nobody_is_asked_without_a_contact_address(contact: str) -> None:
    with pytest.raises(SettingsError, match="KBOT_CONTACT"):
        Crossref(contact)


def test_requests_keep_their_distance() -> None:
    now, slept = [10.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    pace = Pace(1.0, clock=lambda: now[0], sleep=sleep)
    pace.wait()
    now[0] += 0.25
    pace.wait()
    now[0] += 3
    pace.wait()
    assert slept == [0.75]
