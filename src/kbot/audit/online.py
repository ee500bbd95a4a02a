"""The corpus against what PubMed, Crossref and the publishers' pages say today."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Protocol

from rapidfuzz import fuzz

from kbot.audit.apa import parse_citation
from kbot.audit.compare import compare
from kbot.audit.references import Reference, is_unread, reference_of, same_title
from kbot.audit.registers import Register, RegisterRecord, Searchable, with_identifiers
from kbot.errors import OnlineError
from kbot.records import Document, Kind
from kbot.text import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.audit.report import AuditReport

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class PageReader(Protocol):
    """Something that reads the text of a page."""

    def text(self, url: str) -> str:
        """Return the text of a page, or raise OnlineError."""
        ...


@dataclass(frozen=True, slots=True)
class Registers:
    """Who is asked: the registers in the order in which they are believed, and the web."""

    registers: Sequence[Register]
    search: Searchable | None
    pages: PageReader


@dataclass(frozen=True, slots=True)
class RecordCheck:
    """A document of the corpus against a register's record of the same paper."""

    document: str
    register: str
    record: str  # as the register has it, "" where it has none
    differences: tuple[str, ...]
    text: str  # what is wrong with our text, "" where nothing is


@dataclass(frozen=True, slots=True)
class PageCheck:
    """A page of the clinic against our copy of its text."""

    document: str
    url: str
    gone: tuple[str, ...]  # passages that no longer stand on the page
    problem: str  # why nothing could be compared, "" where it could


@dataclass(frozen=True, slots=True)
class CitationSearch:
    """A citation looked up by its words."""

    document: str
    paper: str  # the registered paper of the cited title, "" where the register knows none


@dataclass(slots=True)
class OnlineReport:
    """What the registers and pages said. `problems` names who could not be asked, and why."""

    records: list[RecordCheck] = field(default_factory=list)
    pages: list[PageCheck] = field(default_factory=list)
    searches: list[CitationSearch] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    references: dict[str, Reference] = field(default_factory=dict)  # by document

    def as_dict(self) -> dict[str, object]:
        """Return the object that stands under "online" in the JSON report."""
        return {
            "records": [asdict(record) for record in self.records],
            "pages": [asdict(page) for page in self.pages],
            "searches": [asdict(search) for search in self.searches],
            "problems": self.problems,
        }


def check_online(report: AuditReport, ask: Registers) -> OnlineReport:
    """Ask for every study, every page of the clinic, and every citation that fails.

    Never raises for the world's sake: a register that fails once isn't asked again, and `problems` says so.
    """
    online = OnlineReport()
    abstracts: set[str] = set()
    failed = {reg.name for reg in ask.registers if not _check_records(report, reg, online, abstracts)}
    if ask.search is not None and ask.search.name not in failed:
        _search_citations(report, ask.search, online)
    _check_pages(report, ask.pages, online)
    return online


def _check_records(report: AuditReport, register: Register, online: OnlineReport, abstracts: set[str]) -> bool:
    """Compare every study with one register's records. Returns False where the register can't be asked.

    Documents whose text was compared with an abstract are added to `abstracts`.
    """
    for document in report.documents:
        if not document.kind.is_study:
            continue
        ours = reference_of(document)
        try:
            record = register.look_up(ours)
        except OnlineError as error:
            online.problems.append(str(error))
            return False
        if record is None:
            if not any(check.document == document.id for check in online.records):
                online.records.append(RecordCheck(document.id, register.name, "", (), ""))
            continue
        online.records = [check for check in online.records if check.record or check.document != document.id]
        differences = tuple(
            f"{each.field}: our record says {each.cited}; {register.name} says {each.found}"
            for each in compare(ours, record.reference).differences
        )
        # One abstract is enough: registers differ in headings, which would look like changed words.
        text = "" if document.id in abstracts else _text_problem(report, document, record)
        if record.abstract:
            abstracts.add(document.id)
        online.records.append(RecordCheck(document.id, register.name, str(record.reference), differences, text))
        online.references.setdefault(document.id, with_identifiers(record, ours))
    return True


def _text_problem(report: AuditReport, document: Document, record: RegisterRecord) -> str:
    """Return what our text and the register's abstract disagree in, "" where nothing or where there is none."""
    if not record.abstract or is_unread(document):
        return ""
    ours = " ".join(passage.text for passage in report.passages if passage.document_id == document.id)
    if document.kind is Kind.STUDY_ABSTRACT:
        mine, theirs = words(ours), words(record.abstract)
        if mine == theirs:
            return ""
        likeness = fuzz.ratio(" ".join(mine), " ".join(theirs)) / 100
        return f"our text is no longer {record.register}'s abstract ({likeness:.0%} alike): fetch it anew"
    missing = [number for number in _NUMBER.findall(ours) if number not in _NUMBER.findall(record.abstract)]
    if not missing:
        return ""
    return f"figures of our summary that stand nowhere in {record.register}'s abstract: {', '.join(missing)}"


def _search_citations(report: AuditReport, register: Searchable, online: OnlineReport) -> None:
    for finding in report.citations:
        cited = parse_citation(finding.cited)
        if finding.match or cited is None or not cited.title:
            continue
        try:
            found = register.search(finding.cited)
        except OnlineError as error:
            online.problems.append(str(error))
            return
        papers = [
            str(record.reference)
            for record in found
            if record.reference.title and same_title(cited.title, record.reference.title)
        ]
        online.searches.append(CitationSearch(finding.document, next(iter(papers), "")))


def _check_pages(report: AuditReport, pages: PageReader, online: OnlineReport) -> None:
    for document in report.documents:
        if document.kind.is_study or not document.url:
            continue
        try:
            page = " ".join(words(pages.text(document.url)))
        except OnlineError as error:
            online.pages.append(PageCheck(document.id, document.url, (), str(error)))
            continue
        gone = tuple(
            passage.id
            for passage in report.passages
            if passage.document_id == document.id and " ".join(words(passage.text)) not in page
        )
        online.pages.append(PageCheck(document.id, document.url, gone, ""))
