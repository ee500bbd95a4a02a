"""Each citation of the clinic's article against the record that is really at its address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kbot.audit.apa import parse_citation
from kbot.audit.compare import Comparison, compare
from kbot.audit.proposals import Proposal, propose
from kbot.audit.references import Reference, is_unread, reference_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kbot.audit.facts import Facts
    from kbot.records import Document


@dataclass(frozen=True, slots=True)
class CitationFinding:
    """What the audit found of one citation. `match` is None where too little is known to say."""

    document: str  # id of the document that carries the citation
    cited: str  # word for word
    found: str  # what is at the address, as far as anybody has read it
    match: bool | None
    why: str  # the remark, the differences and the notes in one line
    remark: str = ""
    differences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    proposals: tuple[Proposal, ...] = ()


def check_citations(
    documents: Sequence[Document], facts: Facts, read_online: Mapping[str, Reference] | None = None
) -> list[CitationFinding]:
    """Compare every `cited_as` with the record at its address, in the order of the documents.

    Args:
        documents: The corpus.
        facts: What is known of journals and authors besides.
        read_online: What a register said of documents, by id; it counts before the front matter.
    """
    online = read_online or {}
    return [_check(document, documents, facts, online) for document in documents if document.cited_as]


def _check(
    holder: Document, documents: Sequence[Document], facts: Facts, online: Mapping[str, Reference]
) -> CitationFinding:
    text = holder.cited_as or ""
    cited = parse_citation(text)
    if cited is None:
        why = "the citation can't be read: write it as Author, A. B. (2020). Title. Journal, 1(2), 3-4. https://..."
        there = _describe(holder, reference_of(holder), unread=is_unread(holder))
        return CitationFinding(holder.id, text, there, None, why, remark=why)
    record = _record_at(cited, holder, documents, online)
    found = online.get(record.id, reference_of(record))
    unread = is_unread(record) and record.id not in online
    notes = []
    if found.journal is None and (fact := facts.journal_at(cited)):
        found = replace(found, journal=fact.journal)
        notes.append(f"journal: the address belongs to {fact.journal} (read: {fact.source})")
    comparison = compare(cited, found)
    differences = [str(difference) for difference in comparison.differences]
    elsewhere = not cited.identifiers & (found.identifiers | reference_of(record).identifiers)
    if cited.identifiers and elsewhere:
        differences.append(f"address: the citation leads to {cited.url}; the record is at {found.url or 'none'}")
    differences += facts.against(cited)
    notes += facts.about(cited)
    match = False if differences else comparison.match
    remark = _remark(match, comparison, unread=unread, silent=not differences and not notes)
    return CitationFinding(
        document=holder.id,
        cited=text,
        found=_describe(record, found, unread=unread),
        match=match,
        why="; ".join(part for part in (remark, *differences, *notes) if part),
        remark=remark,
        differences=tuple(differences),
        notes=tuple(notes),
        proposals=() if match else tuple(propose(cited, documents, at_address=record.id, read_online=online)),
    )


def _record_at(
    cited: Reference, holder: Document, documents: Sequence[Document], online: Mapping[str, Reference]
) -> Document:
    """Return the record at the citation's address, one that somebody has read if there is one; else the holder."""
    known = reference_of(holder).identifiers if cited.identifiers & reference_of(holder).identifiers else frozenset()
    wanted = cited.identifiers | known
    there = [each for each in documents if each.kind.is_study and wanted & reference_of(each).identifiers]
    read = [each for each in there if each.id in online or not is_unread(each)]
    if holder in read:
        return holder
    return next(iter([*read, holder]))


def _describe(record: Document, found: Reference, *, unread: bool) -> str:
    if unread:
        journal = f" of {found.journal}" if found.journal else ""
        return f"A record{journal} that has not been read yet: {found.url}"
    if found.title:
        return str(found)
    return f"{record.title} (our description; the paper's own title is not known here). {found}"


def _remark(match: bool | None, comparison: Comparison, *, unread: bool, silent: bool) -> str:
    if unread and silent:
        return "nobody has read what is at the address yet, and nothing is known that contradicts the citation"
    if unread:
        return "nobody has read what is at the address yet; this is known without it"
    if match:
        return f"{', '.join(comparison.agreed)} agree"
    if comparison.same_paper:
        return "the right paper, cited with mistakes"
    return "nothing differs, but the record says too little to be sure" if match is None else ""
