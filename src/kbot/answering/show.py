"""Candidates to what a visitor gets: text, labels and links of a passage."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from kbot.records import Document, Kind, Passage, ShownPassage, Source, Span

if TYPE_CHECKING:
    from kbot.clinic import Clinic

_FRAGMENT_WORDS = 5  # at each end of a text fragment: enough to be unique, short enough for an address


def show(passage: Passage, document: Document, clinic: Clinic, *, highlight: Span, score: float) -> ShownPassage:
    """Return the passage as shown, with its source.

    Raises:
        ValueError: the passage is not its document's own text. Nothing but the document's words may be shown.
    """
    if document.text[passage.start : passage.end] != passage.text:
        raise ValueError(f"{passage.id} is not the text of {document.path} from {passage.start} to {passage.end}")
    lead_in = document.text[passage.lead_in.start : passage.lead_in.end] if passage.lead_in else None
    return ShownPassage(
        id=passage.id,
        text=passage.text,
        heading=passage.heading,
        start=passage.start,
        end=passage.end,
        highlight=highlight,
        score=round(score, 4),
        source=source_of(passage, document, clinic),
        lead_in=lead_in,
    )


def source_of(passage: Passage, document: Document, clinic: Clinic) -> Source:
    """Return where the passage stands: kbot's own page, and the publisher's where an address is known.

    The publisher's address carries a text fragment only where the page there holds our very words: a summary in the
    clinic's words stands nowhere in the paper.
    """
    url = document.url
    if document.kind is Kind.CLINIC_ARTICLE and url is None:
        url = clinic.article_url or None
    if url is not None and document.kind is not Kind.STUDY_SUMMARY:
        url = f"{url.split('#', 1)[0]}#{text_fragment(passage.text, document.text[document.body : passage.start])}"
    return Source(document.id, document.title, document.kind, url, f"/source/{passage.id}")


def text_fragment(text: str, before: str = "") -> str:
    """Return the text fragment that makes a browser scroll to a passage and highlight it.

    A short text is named whole, a longer one by its first and last words. The browser takes the first place that
    fits, in capitals or not: the first words grow until they stand nowhere `before`, the page's text up to there.
    Example: "Yes, it is." -> ":~:text=Yes%2C%20it%20is."
    Source: WICG, Scroll to Text Fragment: `text=start,end`, where "-", "," and "&" are percent-encoded.
    """
    parts = text.split()
    earlier = " ".join(before.split()).casefold()
    first = _FRAGMENT_WORDS
    while first < len(parts) and " ".join(parts[:first]).casefold() in earlier:
        first += 1
    if len(parts) <= first + _FRAGMENT_WORDS:
        return ":~:text=" + _encode(" ".join(parts))
    return f":~:text={_encode(' '.join(parts[:first]))},{_encode(' '.join(parts[-_FRAGMENT_WORDS:]))}"


def _encode(text: str) -> str:
    return quote(text, safe="").replace("-", "%2D")
