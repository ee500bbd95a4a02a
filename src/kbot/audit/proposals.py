"""The paper that a citation may have meant: the nearest among those that the corpus really has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from kbot.audit.references import Reference, is_unread, reference_of, same_name, same_title
from kbot.text import terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kbot.records import Document

_IN_BRACKETS = re.compile(r"\s*\([^()]*\)\s*$")  # "(Murrough et al. 2013)" after a title in our words
_TITLE, _AUTHORS, _YEAR = 0.5, 0.35, 0.15  # weights: a title tells papers apart best, then who wrote them
_COAUTHOR = 0.7  # a paper's first author who stands further down in the citation
_NEAR_YEARS = 5  # years apart, from which on the year says nothing
_AT_LEAST = 0.5  # [0, 1]: a score below is no proposal
_AT_MOST = 3  # proposals for one citation


@dataclass(frozen=True, slots=True)
class Proposal:
    """A paper of the corpus that a citation may have meant. For a person to confirm."""

    document: str  # id
    reference: Reference
    title: str  # as the corpus shows it, the paper's own or our description
    score: float  # [0, 1], higher is nearer
    why: str


def propose(
    cited: Reference,
    documents: Sequence[Document],
    *,
    at_address: str | None,
    read_online: Mapping[str, Reference] | None = None,
) -> list[Proposal]:
    """Return up to three papers that the citation may have meant, nearest first.

    Args:
        cited: The citation.
        documents: The corpus; only studies that somebody has read are candidates.
        at_address: Id of the document at the citation's address, which is no proposal.
        read_online: References of documents as a register gave them, by id.
    """
    online = read_online or {}
    proposals = []
    for document in documents:
        known = document.id in online or not is_unread(document)
        if not document.kind.is_study or document.id == at_address or not known:
            continue
        proposal = _weigh(cited, document, online.get(document.id, reference_of(document)))
        if proposal.score >= _AT_LEAST:
            proposals.append(proposal)
    return sorted(proposals, key=lambda proposal: (-proposal.score, proposal.document))[:_AT_MOST]


def _weigh(cited: Reference, document: Document, paper: Reference) -> Proposal:
    reasons: list[str] = []
    title = _title_likeness(cited, document, paper, reasons)
    authors = _author_likeness(cited, paper, reasons)
    year = 0.0
    if cited.year and paper.year:
        apart = abs(cited.year - paper.year)
        year = max(0.0, 1 - apart / _NEAR_YEARS)
        reasons.append("the same year" if apart == 0 else f"{paper.year} rather than {cited.year}")
    # Either alone is enough to be proposed: a citation may carry the title of one paper and the authors of another.
    score = max(_TITLE * title + _AUTHORS * authors + _YEAR * year, 0.9 * title if title == 1 else 0.0)
    return Proposal(document.id, paper, document.title, round(score, 3), "; ".join(reasons))


def _title_likeness(cited: Reference, document: Document, paper: Reference, reasons: list[str]) -> float:
    if not cited.title:
        return 0.0
    if paper.title and same_title(cited.title, paper.title):
        reasons.append("the cited title is this paper's title")
        return 1.0
    title = paper.title or _IN_BRACKETS.sub("", document.title)
    likeness = fuzz.token_sort_ratio(" ".join(terms(cited.title)), " ".join(terms(title))) / 100
    what = "the titles" if paper.title else "the title and our description of this paper"
    reasons.append(f"{what} are {likeness:.0%} alike")
    return min(likeness, 0.99)


def _author_likeness(cited: Reference, paper: Reference, reasons: list[str]) -> float:
    if not cited.authors or not paper.authors:
        return 0.0
    first = paper.authors[0]
    if same_name(first, cited.authors[0]):
        reasons.append(f"{first} is the first author of both")
        return 1.0
    if any(same_name(first, name) for name in cited.authors):
        reasons.append(f"its first author {first} is among the cited authors")
        return _COAUTHOR
    reasons.append("other authors")
    return 0.0
