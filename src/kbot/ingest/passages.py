"""Documents to passages: one FAQ answer, one paragraph, or one list item with its lead-in; never across headings."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import sentencex
from markdown_it import MarkdownIt

from kbot.records import Document, Passage, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from markdown_it.token import Token

TOKEN_BUDGET = 192  # encoder tokens of one passage; the encoder sees 256, headings and lead-in included
_NEWLINE = re.compile(r"\r\n?|\n")
_SLUG = re.compile(r"[^a-z0-9]+")
_INTRODUCES = (":", "…", "...")
_LEAVES = {"paragraph_open", "fence", "code_block", "table_open"}


def split_passages(
    document: Document, count_tokens: Callable[[str], int], *, budget: int = TOKEN_BUDGET
) -> list[Passage]:
    """Split a document into passages, in reading order; each is `document.text[start:end]`, exactly.

    A paragraph of more than `budget` tokens is split between sentences; a single sentence longer than the budget
    stays whole, since half a sentence is nobody's words.
    """
    passages: list[Passage] = []
    taken: set[str] = set()
    for heading, span, lead_in in _blocks(document):
        for part in _within_budget(document.text, span, count_tokens, budget):
            text = document.text[part.start : part.end]
            identity = _identity(document.id, heading, text, taken)
            sentences = tuple(sentence_spans(text))
            passages.append(Passage(identity, document.id, heading, *part, text, sentences, lead_in))
    return passages


def sentence_spans(text: str) -> list[Span]:
    """Return the sentences of a text as spans without surrounding space; together they hold every other character."""
    spans: list[Span] = []
    position = 0
    for sentence in sentencex.segment("en", text):
        stripped = sentence.strip()
        if not stripped:
            continue
        start = text.index(stripped, position)
        position = start + len(stripped)
        spans.append(Span(start, position))
    return spans


def _blocks(document: Document) -> Iterator[tuple[tuple[str, ...], Span, Span | None]]:
    """Yield (heading path, span, lead-in) of every paragraph, list item, table and code block."""
    body = document.text[document.body :]
    lines = _line_starts(body)
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    path: list[tuple[int, str]] = []
    lists = 0
    last: Span | None = None  # the paragraph just before, which may introduce a list
    lead_in: Span | None = None
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            level = int(token.tag[1])
            path = [entry for entry in path if entry[0] < level]
            path.append((level, plain_inline(tokens[at + 1])))
            last = lead_in = None
        elif token.type in {"bullet_list_open", "ordered_list_open"}:
            if lists == 0:
                lead_in = _lead_in(document.text, last)
            lists += 1
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            lists -= 1
            if lists == 0:
                last = lead_in = None
        elif token.type in _LEAVES and token.map is not None:
            span = _span(body, lines, token, tokens, at, document.body)
            if span is None:
                continue
            if lists == 0 and _only_introduces(document.text, span, tokens, at):
                last = span
                continue
            yield tuple(title for _, title in path), span, lead_in if lists else None
            if lists == 0:
                last = span


def plain_inline(token: Token) -> str:
    """Return an inline token's words without Markdown marks. "**Is** it `safe`?" -> "Is it safe?"."""
    parts = []
    for child in token.children or []:
        if child.type in {"text", "code_inline"}:
            parts.append(child.content)
        elif child.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
    return "".join(parts).strip()


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in _NEWLINE.finditer(text)), len(text)]


def _span(body: str, lines: list[int], token: Token, tokens: list[Token], at: int, offset: int) -> Span | None:
    first, last = token.map or (0, 0)
    start, end = lines[first], lines[min(last, len(lines) - 1)]
    if token.type == "paragraph_open":
        # The line may carry a list marker or a quote sign before the words: begin at the words.
        opening = tokens[at + 1].content.split("\n", 1)[0]
        found = body.find(opening, start, end)
        start = found if found >= 0 else start
    raw = body[start:end]
    stripped = raw.strip()
    if not stripped:
        return None
    start += raw.index(stripped[0])
    return Span(offset + start, offset + start + len(stripped))


def _lead_in(text: str, before: Span | None) -> Span | None:
    if before is None:
        return None
    introduction = text[before.start : before.end]
    if not introduction.endswith(_INTRODUCES):
        return None
    last = sentence_spans(introduction)[-1]
    return Span(before.start + last.start, before.start + last.end)


def _only_introduces(text: str, span: Span, tokens: list[Token], at: int) -> bool:
    """Return True for a one-sentence paragraph that introduces the list right after it: it stands with every item."""
    after = tokens[at + 3].type if at + 3 < len(tokens) else ""
    paragraph = text[span.start : span.end]
    return (
        after in {"bullet_list_open", "ordered_list_open"}
        and paragraph.endswith(_INTRODUCES)
        and len(sentence_spans(paragraph)) == 1
    )


def _within_budget(text: str, span: Span, count_tokens: Callable[[str], int], budget: int) -> Iterator[Span]:
    whole = text[span.start : span.end]
    if count_tokens(whole) <= budget:
        yield span
        return
    start = end = None
    for sentence in sentence_spans(whole):
        if start is not None and end is not None and count_tokens(whole[start : sentence.end]) > budget:
            yield Span(span.start + start, span.start + end)
            start = None
        if start is None:
            start = sentence.start
        end = sentence.end
    if start is not None and end is not None:
        yield Span(span.start + start, span.start + end)


def _identity(document_id: str, heading: tuple[str, ...], text: str, taken: set[str]) -> str:
    slug = _SLUG.sub("-", heading[-1].lower()).strip("-")[:48].strip("-") if heading else "text"
    base = f"{document_id}#{slug or 'text'}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
    identity, twin = base, 1
    while identity in taken:
        twin += 1
        identity = f"{base}-{twin}"
    taken.add(identity)
    return identity
