"""What the corpus needs from its keepers: a review, an address, a link that leads somewhere, no text twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import numpy as np
from markdown_it import MarkdownIt
from rapidfuzz import fuzz, process

from kbot.text import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from markdown_it.token import Token

    from kbot.records import Document, Passage

_NEARLY = 95.0  # [0, 100], rapidfuzz: above, two passages say the same in the same words
_LONG_ENOUGH = 8  # words: below, likeness says nothing
_A_SENTENCE = 4  # words: below, as a phone number under two headings, the same words are no copy
_ROWS = 256  # passages that are compared with all others at a time: bounds the memory


@dataclass(frozen=True, slots=True)
class Review:
    """A document whose text has not been read over for too long; its passages share its date."""

    document: str
    passages: tuple[str, ...]
    reviewed_on: str | None  # ISO date, None: never reviewed
    days: int | None  # since then


@dataclass(frozen=True, slots=True)
class DeadLink:
    """A link to a file that isn't there."""

    document: str
    line: int  # of the file, from 1
    target: str
    why: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two passages that say the same."""

    passages: tuple[str, str]
    likeness: float  # [0, 1], 1: word for word
    text: str  # of the first


def overdue_reviews(
    documents: Sequence[Document], passages: Sequence[Passage], *, days: int, today: date
) -> list[Review]:
    """Return the documents that were never reviewed, or not for more than `days` days; the oldest first."""
    found = []
    for document in documents:
        age = (today - date.fromisoformat(document.reviewed_on)).days if document.reviewed_on else None
        if age is None or age > days:
            ids = tuple(passage.id for passage in passages if passage.document_id == document.id)
            found.append(Review(document.id, ids, document.reviewed_on, age))
    return sorted(found, key=lambda review: (review.days is not None, -(review.days or 0), review.document))


def dead_links(documents: Sequence[Document], corpus: Path) -> list[DeadLink]:
    """Return the links and pictures of the Markdown that lead to no file of the corpus and to no document."""
    ids = {document.id for document in documents}
    found = []
    for document in documents:
        for target, line in _links(document):
            if why := _is_dead(target, document, corpus, ids):
                found.append(DeadLink(document.id, line, target, why))
    return found


def _links(document: Document) -> Iterator[tuple[str, int]]:
    first = document.text.count("\n", 0, document.body) + 1
    for token in MarkdownIt("commonmark").enable("table").parse(document.text[document.body :]):
        line = first + (token.map[0] if token.map else 0)
        for child in _within(token):
            target = child.attrGet("href") or child.attrGet("src")
            if isinstance(target, str):
                yield target, line


def _within(token: Token) -> Iterator[Token]:
    for child in token.children or []:
        yield child
        yield from _within(child)


def _is_dead(target: str, document: Document, corpus: Path, ids: set[str]) -> str | None:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not parts.path:
        return None
    path = unquote(parts.path)
    if path.startswith("/source/"):
        name = path.removeprefix("/source/")
        return None if name in ids else f"there is no document '{name}'"
    if path.startswith("/"):
        return "it begins with '/': only /source/ pages are served there"
    file = (corpus / document.path).parent / path
    try:
        there = file.exists() and file.resolve().is_relative_to(corpus.resolve())
    except (OSError, ValueError):
        there = False
    return None if there else "there is no such file in the corpus"


def duplicate_passages(passages: Sequence[Passage]) -> list[Duplicate]:
    """Return the pairs of passages that say the same, word for word or nearly, the likest first."""
    said = [" ".join(words(passage.text)) for passage in passages]
    return sorted(
        [*_exact(passages, said), *_near(passages, said)],
        key=lambda duplicate: (-duplicate.likeness, duplicate.passages),
    )


def _exact(passages: Sequence[Passage], said: Sequence[str]) -> Iterator[Duplicate]:
    first: dict[str, Passage] = {}
    for passage, text in zip(passages, said, strict=True):
        twin = first.setdefault(text, passage)
        if twin is not passage and text.count(" ") + 1 >= _A_SENTENCE:
            yield Duplicate((twin.id, passage.id), 1.0, twin.text)


def _near(passages: Sequence[Passage], said: Sequence[str]) -> Iterator[Duplicate]:
    long = [at for at, text in enumerate(said) if text.count(" ") + 1 >= _LONG_ENOUGH]
    texts = [said[at] for at in long]
    for start in range(0, len(texts), _ROWS):
        rows = texts[start : start + _ROWS]
        scores = process.cdist(rows, texts, scorer=fuzz.ratio, score_cutoff=_NEARLY, dtype=np.float32)
        for row, column in np.argwhere(scores >= _NEARLY).tolist():
            one, other = long[start + row], long[column]
            if one < other and said[one] != said[other]:
                pair = (passages[one].id, passages[other].id)
                yield Duplicate(pair, round(float(scores[row, column]) / 100, 3), passages[one].text)
