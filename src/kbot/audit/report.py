"""The whole audit as one value: what was found, and the object that `kbot audit --json` prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from kbot.audit.citations import CitationFinding, check_citations
from kbot.audit.facts import Facts, read_facts
from kbot.audit.figures import Figure, Uncompared, read_figures, uncompared_figures
from kbot.audit.upkeep import (
    DeadLink,
    Duplicate,
    Review,
    dead_links,
    duplicate_passages,
    overdue_reviews,
)
from kbot.ingest.corpus import read_corpus
from kbot.ingest.passages import split_passages

if TYPE_CHECKING:
    from datetime import date

    from kbot.audit.online import OnlineReport
    from kbot.audit.references import Reference
    from kbot.records import Document, Passage
    from kbot.settings import Settings


@dataclass(frozen=True, slots=True)
class AuditReport:
    """Everything that the audit found. Findings are its result, not an error."""

    checked_on: str  # ISO date
    corpus: str
    documents: tuple[Document, ...]
    passages: tuple[Passage, ...]
    facts: Facts
    citations: tuple[CitationFinding, ...]
    figures: tuple[Figure, ...]
    uncompared: tuple[Uncompared, ...]
    review_days: int
    reviews: tuple[Review, ...]
    dead_links: tuple[DeadLink, ...]
    duplicates: tuple[Duplicate, ...]
    online: OnlineReport | None = None  # None: not asked for

    @property
    def without_address(self) -> tuple[Document, ...]:
        """Documents without a public address: links to them lead to kbot's own page."""
        return tuple(document for document in self.documents if not document.url)

    @property
    def not_searched(self) -> tuple[Document, ...]:
        """Documents that are shown as a source but never used in an answer."""
        return tuple(document for document in self.documents if not document.searchable)

    def as_dict(self) -> dict[str, object]:
        """Return the object of `kbot audit --json`; docs/audit.md describes every key."""
        return {
            "checked_on": self.checked_on,
            "corpus": self.corpus,
            "citations": [_citation(finding) for finding in self.citations],
            "figures": [asdict(figure) for figure in self.figures],
            "uncompared_figures": [asdict(each) for each in self.uncompared],
            "review_days": self.review_days,
            "reviews": [asdict(review) for review in self.reviews],
            "dead_links": [asdict(link) for link in self.dead_links],
            "without_address": [document.id for document in self.without_address],
            "duplicates": [asdict(duplicate) for duplicate in self.duplicates],
            "not_searched": [document.id for document in self.not_searched],
            "online": self.online.as_dict() if self.online else None,
        }


def audit(settings: Settings, today: date) -> AuditReport:
    """Audit the corpus from its own records, without the internet.

    Raises:
        CorpusError: the corpus, `citations.toml` or `figures.toml` has mistakes; all of them are named.
    """
    documents = read_corpus(settings.corpus)
    # Without a token budget no paragraph is split: the audit needs no encoder, and a quote may span sentences.
    passages = [passage for document in documents for passage in split_passages(document, len, budget=2**31)]
    facts = read_facts(settings.corpus)
    figures = read_figures(settings.corpus, documents, passages)
    return AuditReport(
        checked_on=today.isoformat(),
        corpus=str(settings.corpus),
        documents=tuple(documents),
        passages=tuple(passages),
        facts=facts,
        citations=tuple(check_citations(documents, facts)),
        figures=tuple(figures),
        uncompared=tuple(uncompared_figures(documents, passages, figures)),
        review_days=settings.review_days,
        reviews=tuple(overdue_reviews(documents, passages, days=settings.review_days, today=today)),
        dead_links=tuple(dead_links(documents, settings.corpus)),
        duplicates=tuple(duplicate_passages(passages)),
    )


def with_online(report: AuditReport, online: OnlineReport) -> AuditReport:
    """Return the report with what the registers said; the citations are judged anew with it."""
    citations = check_citations(report.documents, report.facts, online.references)
    return replace(report, online=online, citations=tuple(citations))


def _citation(finding: CitationFinding) -> dict[str, object]:
    return {
        "document": finding.document,
        "cited": finding.cited,
        "found": finding.found,
        "match": finding.match,
        "why": finding.why,
        "differences": list(finding.differences),
        "notes": list(finding.notes),
        "proposals": [
            {
                "document": proposal.document,
                "title": proposal.title,
                "reference": reference_as_dict(proposal.reference),
                "score": proposal.score,
                "why": proposal.why,
            }
            for proposal in finding.proposals
        ],
    }


def reference_as_dict(reference: Reference) -> dict[str, object]:
    """Return a reference as JSON can hold it."""
    return {**asdict(reference), "identifiers": sorted(reference.identifiers)}
