"""The audit as clinic staff read it: what to look at first, in plain words, with what to do."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from kbot.audit.figures import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kbot.audit.citations import CitationFinding
    from kbot.audit.fetch import Replacement
    from kbot.audit.online import OnlineReport
    from kbot.audit.proposals import Proposal
    from kbot.audit.report import AuditReport
    from kbot.records import Document

_WIDTH = 92
_MATCH = {True: "MATCHES", False: "DOES NOT MATCH", None: "NOT KNOWN"}
_VERDICT = {
    Verdict.CONTRADICTED: "CONTRADICTED by the evidence",
    Verdict.MISREAD: "MISREAD: the study says something else",
    Verdict.UNSUPPORTED: "UNSUPPORTED: no source found",
    Verdict.INCOMPLETE: "INCOMPLETE: true of a part",
    Verdict.SUPPORTED: "supported",
}


def render_audit(report: AuditReport) -> str:
    """Return the report as text: a summary, then each part with what was found and what to do."""
    titles = {document.id: document for document in report.documents}
    parts = [
        _summary(report),
        *([_online_problems(report.online)] if report.online and report.online.problems else []),
        _section("Citations: what is really at their addresses", _citations(report, titles)),
        _section("The clinic's figures against the studies' figures", _figures(report, titles)),
        _section("Percentages in the clinic's text that nobody has compared yet", _uncompared(report)),
        _section(f"Not reviewed for {report.review_days} days", _reviews(report)),
        _section("Links that lead nowhere", _dead(report)),
        _section("Documents without a public address", _addresses(report)),
        _section("Passages that say the same", _duplicates(report)),
        _section("Documents that are never used in an answer (search: false)", _not_searched(report)),
    ]
    if report.online:
        parts.append(_section("What PubMed, Crossref and the clinic's pages say today", _online(report.online)))
    return "\n\n".join(part for part in parts if part)


def _summary(report: AuditReport) -> str:
    wrong = sum(finding.match is False for finding in report.citations)
    unknown = sum(finding.match is None for finding in report.citations)
    doubtful = sum(figure.verdict is not Verdict.SUPPORTED for figure in report.figures)
    return (
        f"Audit of {report.corpus} on {report.checked_on}: {len(report.documents)} documents, "
        f"{len(report.passages)} passages\n"
        f"  {wrong} of {len(report.citations)} citations do not match what is at their address, {unknown} unknown\n"
        f"  {doubtful} of {len(report.figures)} figures and claims are not borne out as they stand; "
        f"{len(report.uncompared)} percentages not compared yet\n"
        f"  {len(report.reviews)} documents due for a review, {len(report.dead_links)} dead links, "
        f"{len(report.without_address)} documents without a public address, "
        f"{len(report.duplicates)} duplicate passages"
    )


def _section(title: str, lines: Iterator[str]) -> str:
    body = "\n".join(lines)
    return f"{title}\n{'-' * len(title)}\n{body or '  Nothing found.'}"


def _wrap(text: str, indent: int = 4) -> str:
    space = " " * indent
    return textwrap.fill(
        text, _WIDTH, initial_indent=space, subsequent_indent=space, break_long_words=False, break_on_hyphens=False
    )


def _item(label: str, text: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=f"    {label:<9}",
        subsequent_indent=" " * 13,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _citations(report: AuditReport, documents: Mapping[str, Document]) -> Iterator[str]:
    for number, finding in enumerate(report.citations, 1):
        yield f"  {number}. {_MATCH[finding.match]}  ({documents[finding.document].path})"
        yield _item("cited", finding.cited)
        yield _item("found", finding.found)
        for label, reason in _reasons(finding):
            yield _item(label, reason)
        for proposal in finding.proposals:
            yield _item("perhaps", _proposal(proposal))
        yield ""
    if any(finding.proposals for finding in report.citations):
        yield _wrap(
            "“perhaps” names the nearest papers of this collection. Which one the article meant is for a person to "
            "say; or cite the paper that is at the address.",
            2,
        )


def _reasons(finding: CitationFinding) -> Iterator[tuple[str, str]]:
    if finding.remark:
        yield "why", finding.remark
    for difference in finding.differences:
        yield "wrong", difference
    for note in finding.notes:
        yield "note", note


def _proposal(proposal: Proposal) -> str:
    paper = str(proposal.reference)
    named = paper if proposal.reference.title else f"{proposal.title} {paper}"
    return f"{named} [{proposal.document}: {proposal.why}]"


def _figures(report: AuditReport, documents: Mapping[str, Document]) -> Iterator[str]:
    for figure in report.figures:
        where = documents[figure.document].path
        yield f"  {_VERDICT[figure.verdict]}  ({where})"
        if not figure.stands:
            yield _item("!", "these words no longer stand in the document: bring corpus/figures.toml up to date")
        yield _item("we say", f"“{figure.quote}”")
        yield _item("evidence", figure.evidence)
        yield _item("from", "; ".join([*figure.records, *figure.sources]))
        yield _item("so", figure.why)
        yield ""


def _uncompared(report: AuditReport) -> Iterator[str]:
    for each in report.uncompared:
        yield _wrap(f"{each.document}: {each.figure} in “{each.sentence}”", 2)


def _reviews(report: AuditReport) -> Iterator[str]:
    for review in report.reviews:
        when = f"last reviewed on {review.reviewed_on}, {review.days} days ago" if review.reviewed_on else "never"
        count = len(review.passages)
        yield f"  {review.document}: {when} ({count} passage{'s' if count != 1 else ''})"
    if report.reviews:
        yield _wrap("Read the document over, then set `reviewed_on: YYYY-MM-DD` in its front matter.", 2)


def _dead(report: AuditReport) -> Iterator[str]:
    for link in report.dead_links:
        yield f"  {link.document}, line {link.line}: {link.target} ({link.why})"


def _addresses(report: AuditReport) -> Iterator[str]:
    for document in report.without_address:
        yield f"  {document.id} ({document.path}): set `url`, so that links lead to the public page"


def _duplicates(report: AuditReport) -> Iterator[str]:
    for twin in report.duplicates:
        yield _wrap(f"{twin.likeness:.0%}: {twin.passages[0]} and {twin.passages[1]}: “{twin.text[:80]}”", 2)


def _not_searched(report: AuditReport) -> Iterator[str]:
    for document in report.not_searched:
        yield _wrap(f"{document.id}: {document.title} ({document.url or 'no address'})", 2)


def _online_problems(online: OnlineReport) -> str:
    lines = [_wrap(problem, 2) for problem in online.problems]
    return "\n".join(["Not everything could be asked online; the rest of the audit stands:", *lines])


def _online(online: OnlineReport) -> Iterator[str]:
    for record in online.records:
        if not record.record:
            yield f"  {record.document}: no record found"
        elif record.differences or record.text:
            yield f"  {record.document}: {record.register} differs"
            for difference in (*record.differences, *([record.text] if record.text else [])):
                yield _wrap(difference)
        else:
            yield f"  {record.document}: as in {record.register}"
    for search in online.searches:
        found = search.paper or "Crossref's nearest papers have other titles"
        yield _wrap(f"{search.document}, the cited title: {found}", 2)
    for page in online.pages:
        if page.problem:
            yield _wrap(f"{page.document}: {page.problem}", 2)
        elif page.gone:
            yield _wrap(f"{page.document}: no longer on {page.url}: {', '.join(page.gone)}", 2)
        else:
            yield f"  {page.document}: every passage stands on {page.url}"


def render_replacement(replacement: Replacement) -> str:
    """Return both texts, the one that stands and the one that would replace it, and what else differs."""
    document = replacement.document
    parts = [
        f"{document.path} now:",
        textwrap.indent(replacement.before, "  "),
        f"The abstract in {replacement.register}: {replacement.record}",
        "\n\n".join(_wrap(paragraph, 2) for paragraph in replacement.abstract),
    ]
    if replacement.differences:
        parts.append("\n".join(["Look closely, this may be another paper:", *map(_wrap, replacement.differences)]))
    return "\n\n".join(parts)
