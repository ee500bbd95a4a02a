"""The source pages: every document whole, readable without JavaScript, each passage with its own address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from babel.dates import format_date
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from kbot.records import Span
from kbot.search.texts import of_document
from kbot.web.markdown import Mark, render
from kbot.web.wording import NO_DOCUMENT, NO_DOCUMENT_WHY, OUR_WEBSITE, PUBLISHERS_PAGE

if TYPE_CHECKING:
    from kbot.records import Document
    from kbot.service import Service
    from kbot.web.templates import Templates

CONTENTS_FROM = 4  # sections: a shorter page needs no table of contents


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a publisher or a register of publications."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Citation:
    """How a study is cited, as far as we know it."""

    text: str
    links: tuple[Link, ...]


def source_router(service: Service, templates: Templates) -> APIRouter:
    """Return the routes of the source pages."""
    router = APIRouter()

    @router.get(
        "/source/{document_id:path}", response_class=HTMLResponse, summary="Show a document of the clinic's material"
    )
    def source(request: Request, document_id: str) -> HTMLResponse:
        """Show a document with every passage at its own address (`#...`)."""
        root = str(request.scope.get("root_path", "")).rstrip("/")
        document = service.documents.get(document_id)
        spoken = templates.speaking(request.headers.get("accept-language", ""))
        if document is None:
            page = spoken.page("missing.html", heading=NO_DOCUMENT, explanation=NO_DOCUMENT_WHY, root=root)
            return HTMLResponse(page, status_code=404)
        return HTMLResponse(source_page(service, document, spoken, root=root))

    return router


def source_page(service: Service, document: Document, templates: Templates, *, root: str = "") -> str:
    """Return the page of a document. Passages are `document.text[start:end]`, wrapped where they stand."""
    marks = [
        Mark(
            Span(passage.start - document.body, passage.end - document.body),
            id=passage.id.partition("#")[2],
            classes="kb-span",
        )
        for passage in of_document(service.passages, document.id)
    ]
    rendered = render(document.text[document.body :], marks)
    sections = rendered.sections if len(rendered.sections) >= CONTENTS_FROM else ()
    return templates.page(
        "source.html",
        document=document,
        title=rendered.title or document.title,
        html=rendered.html,
        sections=sections,
        citation=citation(document),
        reviewed=_readable(document.reviewed_on, templates.language),
        root=root,
    )


def citation(document: Document) -> Citation | None:
    """Return the citation line of a study, or the address of a page of the clinic. None where nothing is known.

    A title that is our own description is not cited as the paper's.
    """
    year = f"({document.year})" if document.year else ""
    parts = [f"{', '.join(document.authors)} {year}".strip()]
    if document.kind.is_study and not document.title_is_description:
        parts.append(document.title.rstrip("."))
    if document.journal:
        volume = f" {document.volume}" if document.volume else ""
        pages = f", {document.pages}" if document.pages else ""
        parts.append(f"{document.journal}{volume}{pages}")
    links = []
    if document.doi:
        links.append(Link(f"DOI {document.doi}", f"https://doi.org/{document.doi}"))
    if document.pmid:
        links.append(Link(f"PubMed {document.pmid}", f"https://pubmed.ncbi.nlm.nih.gov/{document.pmid}/"))
    if document.pmcid:
        links.append(Link(document.pmcid, f"https://pmc.ncbi.nlm.nih.gov/articles/{document.pmcid}/"))
    if document.url and document.url not in {link.url for link in links}:
        links.append(Link(PUBLISHERS_PAGE if document.kind.is_study else OUR_WEBSITE, document.url))
    text = " ".join(f"{part.rstrip('.')}." for part in parts if part)
    return Citation(text, tuple(links)) if text or links else None


def _readable(iso: str | None, language: str) -> str:
    """Return an ISO date as people read it. "2026-03-05" -> "March 5, 2026"."""
    if iso is None:
        return ""
    return format_date(date.fromisoformat(iso), "long", locale=language)
