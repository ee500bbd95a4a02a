"""The clinic's figures against the studies' figures: `figures.toml`, checked against the corpus it speaks of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kbot.audit.tables import Row, read_rows
from kbot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kbot.records import Document, Passage

FIGURES_FILE = "figures.toml"
_TABLES = {"figure": ("id", "document", "quote", "evidence", "records", "sources", "verdict", "why")}
_PERCENT = re.compile(r"\d+(?:\.\d+)?(?:\s?%?\s?[-–]\s?\d+(?:\.\d+)?)?\s?%")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Verdict(StrEnum):
    """What the evidence makes of a figure."""

    CONTRADICTED = "contradicted"
    MISREAD = "misread"  # the study is real, but says something else
    UNSUPPORTED = "unsupported"
    INCOMPLETE = "incomplete"
    SUPPORTED = "supported"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure or claim of the clinic's text, and what the evidence says."""

    id: str
    document: str  # id of the clinic's document
    quote: str
    stands: bool  # False: the words no longer stand in a passage of the document
    evidence: str
    records: tuple[str, ...]  # ids of documents that carry the evidence
    sources: tuple[str, ...]
    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True)
class Uncompared:
    """A percentage in the clinic's text that no entry of `figures.toml` speaks of."""

    document: str
    passage: str
    figure: str
    sentence: str


def read_figures(corpus: Path, documents: Sequence[Document], passages: Sequence[Passage]) -> list[Figure]:
    """Read `figures.toml`; without the file there are none.

    A quote that no longer stands is a finding, since the clinic may edit its text at any time; a record that isn't
    there, and a percentage of the evidence that stands in no record named, are mistakes of the file.

    Raises:
        CorpusError: with every problem of the file.
    """
    rows = read_rows(corpus / FIGURES_FILE, _TABLES)["figure"]
    by_id = {document.id: document for document in documents}
    figures = [_figure(row, by_id, passages) for row in rows]
    taken: set[str] = set()
    for row, figure in zip(rows, figures, strict=True):
        if figure.id in taken:
            row.problems.append(f"{row.where}: the id '{figure.id}' stands twice: give each entry its own")
        taken.add(figure.id)
    problems = [problem for row in rows for problem in row.problems]
    if problems:
        raise CorpusError(problems)
    return figures


def _figure(row: Row, documents: Mapping[str, Document], passages: Sequence[Passage]) -> Figure:
    document, quote, evidence = row.text("document"), row.text("quote"), row.text("evidence")
    records, sources = row.texts("records"), row.texts("sources")
    if document and document not in documents:
        row.problems.append(f"{row.where}: there is no document '{document}': use the id of one of the corpus")
    row.problems += [
        f"{row.where}: there is no document '{record}' to carry the evidence: correct 'records'"
        for record in records
        if record not in documents
    ]
    if not records and not sources:
        row.problems.append(f"{row.where}: nothing carries the evidence: name 'records' or 'sources'")
    if records and all(record in documents for record in records):
        carried = " ".join(documents[record].text[documents[record].body :] for record in records)
        row.problems += [
            f"{row.where}: the evidence says {figure}, which stands in none of {', '.join(records)}: correct either"
            for figure in percentages(evidence)
            if not set(_NUMBER.findall(figure)) <= set(_NUMBER.findall(carried))
        ]
    return Figure(
        id=row.text("id"),
        document=document,
        quote=quote,
        stands=any(passage.document_id == document and quote in passage.text for passage in passages),
        evidence=evidence,
        records=records,
        sources=sources,
        verdict=_verdict(row),
        why=row.text("why"),
    )


def _verdict(row: Row) -> Verdict:
    value = row.text("verdict")
    try:
        return Verdict(value)
    except ValueError:
        if value:
            row.problems.append(f"{row.where}: unknown verdict '{value}': use one of {', '.join(Verdict)}")
        return Verdict.UNSUPPORTED


def percentages(text: str) -> list[str]:
    """Return the percentages of a text as they stand there. "rates of 50–70% or 2.5 %" -> ["50–70%", "2.5 %"]."""
    return _PERCENT.findall(text)


def uncompared_figures(
    documents: Sequence[Document], passages: Sequence[Passage], figures: Sequence[Figure]
) -> list[Uncompared]:
    """Return the percentages of the clinic's own text that no entry speaks of, in reading order."""
    clinic = {document.id for document in documents if not document.kind.is_study}
    found = []
    for passage in passages:
        if passage.document_id not in clinic:
            continue
        spans = [
            (start, start + len(figure.quote))
            for figure in figures
            if figure.document == passage.document_id and (start := passage.text.find(figure.quote)) >= 0
        ]
        for match in _PERCENT.finditer(passage.text):
            if any(start <= match.start() and match.end() <= end for start, end in spans):
                continue
            sentence = next(
                passage.text[span.start : span.end] for span in passage.sentences if span.end >= match.end()
            )
            found.append(Uncompared(passage.document_id, passage.id, match[0], sentence))
    return found
