from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.cli import main
from kbot.ingest.corpus import read_corpus
from kbot.records import Kind

if TYPE_CHECKING:
    import pytest
    from tests.audit.conftest import Recorded

    from kbot.audit.crossref import Crossref
    from kbot.audit.pubmed import PubMed

CORPUS = str(Path(__file__).parent.parent.parent / "corpus")
CONTACT = "keeper@clinic.example"


def test_the_json_report_has_the_contracts_citations(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--json", "--corpus", CORPUS]) == 0
    report = json.loads(capsys.readouterr().out)
    assert len(report["citations"]) == 4
    for citation in report["citations"]:
        assert {"cited", "found", "match", "why"} <= citation.keys()
        assert citation["match"] is False
    assert set(report) == {
        "checked_on",
        "corpus",
        "citations",
        "figures",
        "uncompared_figures",
        "review_days",
        "reviews",
        "dead_links",
        "without_address",
        "duplicates",
        "not_searched",
        "online",
    }
    assert report["without_address"] == ["article", "faq"]
    assert report["online"] is None


def test_staff_read_what_is_wrong_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--corpus", CORPUS]) == 0
    text = capsys.readouterr().out
    assert "4 of 4 citations do not match what is at their address" in text
    assert "wrong    journal: the citation says Nature; the record says Neuropsychopharmacology" in text
    assert "CONTRADICTED by the evidence  (article.md)" in text
    assert "article (article.md): set `url`" in text
    assert "Nothing found." in text
    assert all(len(line) <= 120 for line in text.splitlines())


def test_the_days_until_a_review_are_a_setting(
    corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (corpus / "tea.md").read_text(encoding="utf-8").replace("id: tea\n", "id: tea\nreviewed_on: 2020-01-01\n")
    (corpus / "tea.md").write_text(text, encoding="utf-8")
    monkeypatch.setenv("KBOT_REVIEW_DAYS", "36500")
    assert main(["audit", "--json", "--corpus", str(corpus)]) == 0
    assert json.loads(capsys.readouterr().out)["reviews"] == []
    assert main(["audit", "--json", "--corpus", str(corpus), "--review-days", "30"]) == 0
    assert json.loads(capsys.readouterr().out)["reviews"][0]["document"] == "tea"


def test_a_corpus_that_cannot_be_read_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--corpus", str(tmp_path / "none")]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_online_without_a_contact_address_is_an_error(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--online", "--corpus", str(corpus)]) == 1
    assert "KBOT_CONTACT" in capsys.readouterr().err


def test_the_online_audit_reports_what_the_registers_say(
    corpus: Path,
    pubmed: PubMed,
    crossref: Crossref,
    web: Recorded,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del pubmed, crossref
    monkeypatch.setattr("kbot.audit.crossref.CROSSREF_URL", web.url)
    assert main(["audit", "--online", "--corpus", str(corpus), "--contact", CONTACT]) == 0
    out, err = capsys.readouterr()
    assert "tea: as in PubMed" in out
    assert "tea: as in Crossref" in out
    assert err == ""


def test_the_abstract_is_shown_and_written_only_when_somebody_agrees(
    corpus: Path, pubmed: PubMed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    del pubmed
    fetch = ["corpus", "fetch", "tea", "--corpus", str(corpus), "--contact", CONTACT]
    before = (corpus / "tea.md").read_bytes()

    assert main(fetch) == 1, "nobody is there to ask"
    assert "--yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer in ("", "n", "maybe"):
        monkeypatch.setattr("builtins.input", lambda _prompt, said=answer: said)
        assert main(fetch) == 0
        assert (corpus / "tea.md").read_bytes() == before
    shown = capsys.readouterr().out
    assert "Of 40 people, 25% slept better after a cup of tea." in shown
    assert "CONCLUSIONS: Tea may help." in shown
    monkeypatch.setattr("builtins.input", lambda _prompt: "y")
    assert main(fetch) == 0
    assert read_corpus(corpus)[0].kind is Kind.STUDY_ABSTRACT


def test_yes_replaces_without_asking(corpus: Path, pubmed: PubMed) -> None:
    del pubmed
    assert main(["corpus", "fetch", "tea", "--yes", "--corpus", str(corpus), "--contact", CONTACT]) == 0
    assert read_corpus(corpus)[0].kind is Kind.STUDY_ABSTRACT
