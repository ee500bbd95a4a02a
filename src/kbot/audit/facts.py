"""What `citations.toml` knows of journals and authors, and what it says against a citation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.audit.references import Reference, page_range, same_journal, same_name
from kbot.audit.tables import Row, read_rows
from kbot.errors import CorpusError

if TYPE_CHECKING:
    from pathlib import Path

FACTS_FILE = "citations.toml"
_TABLES = {
    "address": ("begins", "journal", "source"),
    "numbered": ("journal", "source"),
    "issue": ("journal", "volume", "issue", "first_page", "source"),
    "authors": ("names", "wrote", "source"),
}
_KNOWN_TOGETHER = 3  # names in common: two may be chance, in one field of research


@dataclass(frozen=True, slots=True)
class AddressFact:
    """Every address that begins so belongs to one journal."""

    begins: str  # host and path, without "https://" and "www."
    journal: str
    source: str


@dataclass(frozen=True, slots=True)
class NumberedFact:
    """The journal numbers its articles, so it has no ranges of pages."""

    journal: str
    source: str


@dataclass(frozen=True, slots=True)
class IssueFact:
    """The pages of an issue begin about here."""

    journal: str
    volume: str
    issue: str
    first_page: int
    source: str


@dataclass(frozen=True, slots=True)
class AuthorsFact:
    """These authors are known together from another paper."""

    names: tuple[str, ...]
    wrote: str
    source: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that `citations.toml` says."""

    addresses: tuple[AddressFact, ...] = ()
    numbered: tuple[NumberedFact, ...] = ()
    issues: tuple[IssueFact, ...] = ()
    authors: tuple[AuthorsFact, ...] = ()

    def journal_at(self, reference: Reference) -> AddressFact | None:
        """Return the fact that names the journal of an address, None where nothing is known of it."""
        addresses = [each.removeprefix("url:") for each in reference.identifiers if each.startswith("url:")]
        return next((fact for fact in self.addresses if any(a.startswith(fact.begins) for a in addresses)), None)

    def against(self, cited: Reference) -> list[str]:
        """Return why the citation can't be right whatever is at its address, a sentence each."""
        if not cited.journal or not cited.pages:
            return []
        pages = page_range(cited.pages)
        if pages is None:
            return []
        found = [
            f"pages: the citation says {cited.pages}, but {fact.journal} numbers its articles and has no such pages"
            f" (read: {fact.source})"
            for fact in self.numbered
            if same_journal(cited.journal, fact.journal)
        ]
        found += [
            f"pages: the citation says {cited.pages}, but {fact.journal} {fact.volume}({fact.issue}) begins near"
            f" page {fact.first_page} (read: {fact.source})"
            for fact in self.issues
            if same_journal(cited.journal, fact.journal)
            and (cited.volume, cited.issue) == (fact.volume, fact.issue)
            and pages[2] < fact.first_page
        ]
        return found

    def about(self, cited: Reference) -> list[str]:
        """Return what else is known of the citation's authors, a sentence each; it decides nothing."""
        notes = []
        for fact in self.authors:
            shared = [name for name in cited.authors if any(same_name(name, known) for known in fact.names)]
            if len(shared) >= min(_KNOWN_TOGETHER, len(fact.names)):
                notes.append(f"authors: {', '.join(shared)} are the authors of {fact.wrote} (read: {fact.source})")
        return notes


def read_facts(corpus: Path) -> Facts:
    """Read and check `citations.toml`; without the file nothing is known.

    Raises:
        CorpusError: with every problem of the file.
    """
    rows = read_rows(corpus / FACTS_FILE, _TABLES)
    facts = Facts(
        addresses=tuple(map(_address, rows["address"])),
        numbered=tuple(NumberedFact(row.text("journal"), row.text("source")) for row in rows["numbered"]),
        issues=tuple(map(_issue, rows["issue"])),
        authors=tuple(
            AuthorsFact(row.texts("names", needed=True), row.text("wrote"), row.text("source"))
            for row in rows["authors"]
        ),
    )
    problems = [problem for table in rows.values() for row in table for problem in row.problems]
    if problems:
        raise CorpusError(problems)
    return facts


def _address(row: Row) -> AddressFact:
    begins = row.text("begins").casefold().removeprefix("https://").removeprefix("http://").removeprefix("www.")
    return AddressFact(begins, row.text("journal"), row.text("source"))


def _issue(row: Row) -> IssueFact:
    return IssueFact(
        row.text("journal"), row.text("volume"), row.text("issue"), row.number("first_page"), row.text("source")
    )
