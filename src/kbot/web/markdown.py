"""Markdown to HTML with character ranges of the source wrapped in elements: well formed, and everything escaped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kbot.records import Span

_NEWLINE = re.compile(r"\r\n?|\n")
_SLUG = re.compile(r"[^a-z0-9]+")
# A range is marked in the source by one private character at each end, chosen so that the text doesn't hold it. The
# spaces beside them let `**bold**` open and close as it would at the edge of a line; they leave with the characters.
_EDGE = "\u2005"
_PRIVATE = range(0xF0000, 0xFFFFE)
# Blocks whose first characters are their syntax: nothing can be put before them, so the block itself is marked.
_WHOLE = {"table_open", "fence", "code_block"}


@dataclass(frozen=True, slots=True)
class Mark:
    """A range of the Markdown source and the inline element to wrap it in. Ranges of one text don't overlap."""

    span: Span
    tag: str = "span"
    id: str = ""
    classes: str = ""

    def opening(self) -> str:
        """Return the start tag."""
        identity = f' id="{escape(self.id)}"' if self.id else ""
        classes = f' class="{escape(self.classes)}"' if self.classes else ""
        return f"<{self.tag}{identity}{classes}>"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a rendered text, for its table of contents."""

    level: int  # 1..6
    title: str  # plain text
    id: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text as HTML, with its own title apart and its headings in order."""

    html: Markup
    title: str | None  # the heading of level 1 that the text begins with; not in `html`
    sections: tuple[Section, ...]


def render(text: str, marks: Sequence[Mark] = ()) -> Rendered:
    """Render a Markdown text. HTML in it is shown as the text that it is.

    A text of "# Title" and "One. **Two.**" with a mark on the last sentence gives the title "Title" and
    `<p>One. <span><strong>Two.</strong></span></p>`.
    """
    markdown = _parser()
    whole = _marks_of_blocks(text, marks, markdown.parse(text))
    writer = _Writer(text, [mark for mark in marks if mark not in whole.values()])
    tokens = markdown.parse(writer.marked)
    title = None
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        title = _plain(tokens[1])
        tokens = tokens[3:]
    sections = _name_headings(tokens)
    for token in tokens:
        if token.type in _WHOLE and token.map and (mark := whole.get(token.map[0])):
            token.attrSet("id", mark.id)
            token.attrJoin("class", mark.classes)
        elif token.type == "inline":
            token.children = writer.rewrite(token.children or [])
    html = markdown.renderer.render(tokens, markdown.options, {})
    return Rendered(Markup(html), title, tuple(sections))  # noqa: S704  the renderer escaped it


def render_inline(text: str, marks: Sequence[Mark] = ()) -> Markup:
    """Render the Markdown of one passage as one line of HTML, without block elements; tables and code as they are."""
    markdown = _parser()
    if any(token.type in _WHOLE for token in markdown.parse(text)[:1]):
        return Markup("<pre>{}</pre>").format(Markup(escape(text).replace("\n", "&#10;")))  # noqa: S704  escaped here
    writer = _Writer(text, marks)
    tokens = markdown.parseInline(writer.marked)
    for token in tokens:
        token.children = writer.rewrite(token.children or [])
    html = markdown.renderer.render(tokens, markdown.options, {})
    return Markup(html.replace("\n", " "))  # noqa: S704  the renderer escaped it


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _marks_of_blocks(text: str, marks: Sequence[Mark], tokens: Iterable[Token]) -> dict[int, Mark]:
    """Return the first mark of each table and code block, by the line on which the block begins."""
    starts = [0, *(match.end() for match in _NEWLINE.finditer(text)), len(text) + 1]
    blocks: dict[int, Mark] = {}
    for token in tokens:
        if token.type not in _WHOLE or token.map is None:
            continue
        begin, end = starts[token.map[0]], starts[min(token.map[1], len(starts) - 1)]
        within = [mark for mark in marks if begin <= mark.span.start < end]
        if within:
            blocks[token.map[0]] = within[0]
    return blocks


def _name_headings(tokens: list[Token]) -> list[Section]:
    sections: list[Section] = []
    taken: set[str] = set()
    for at, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        title = _plain(tokens[at + 1])
        base = identity = "section-" + (_SLUG.sub("-", title.lower()).strip("-")[:60] or "text")
        twin = 1
        while identity in taken:
            twin += 1
            identity = f"{base}-{twin}"
        taken.add(identity)
        token.attrSet("id", identity)
        sections.append(Section(int(token.tag[1]), title, identity))
    return sections


def _plain(inline: Token) -> str:
    return "".join(child.content or " " * (child.type == "softbreak") for child in inline.children or []).strip()


class _Writer:
    """Puts private characters into a text, and turns them into elements once it has been parsed."""

    def __init__(self, text: str, marks: Iterable[Mark]) -> None:
        free = (chr(code) for code in _PRIVATE if chr(code) not in text)
        self._tags: dict[str, str] = {}  # private character -> tag; an end tag closes what is open
        pieces: list[str] = []
        at = 0
        for mark in sorted(marks, key=lambda mark: mark.span):
            start, end = mark.span
            if start < at or end <= start:
                continue
            opening, closing = next(free), next(free)
            self._tags |= {opening: mark.opening(), closing: f"</{mark.tag}>"}
            pieces += [text[at:start], opening, _EDGE, text[start:end], _EDGE, closing]
            at = end
        self.marked = "".join([*pieces, text[at:]])
        self._split = re.compile(f"([{''.join(self._tags)}])") if self._tags else None
        self._strip = re.compile(f"{_EDGE}?[{''.join(self._tags)}]{_EDGE}?") if self._tags else None

    def rewrite(self, children: Iterable[Token]) -> list[Token]:
        """Return the inline tokens of one block with elements in the place of the private characters.

        Elements of the Markdown that an edge cuts through are closed before it and opened again after it.
        """
        out: list[Token] = []
        around: list[Token] = []  # inline elements that are open: <strong>, <a>, ...
        open_tag = ""
        for child in children:
            if child.nesting == 1:
                around.append(child)
            elif child.nesting == -1:
                around.pop()
            if child.type != "text":
                out.append(self._clean(child))
                continue
            for part in self._split.split(child.content) if self._split else [child.content]:
                tag = self._tags.get(part)
                if tag is None:
                    out.append(Token("text", "", 0, content=part.strip(_EDGE) if self._split else part))
                elif open_tag or not tag.startswith("</"):
                    closing = [Token(token.type.replace("_open", "_close"), token.tag, -1) for token in around]
                    out += [*reversed(closing), Token("html_inline", "", 0, content=tag), *around]
                    open_tag = "" if tag.startswith("</") else tag
        if open_tag:
            name = open_tag[1:].split(" ")[0].rstrip(">")
            out.append(Token("html_inline", "", 0, content=f"</{name}>"))
        return out

    def _clean(self, token: Token) -> Token:
        if token.type == "link_open":
            token.attrSet("rel", "noopener noreferrer")
        if self._strip is not None:
            token.content = self._strip.sub("", token.content)
        return token
