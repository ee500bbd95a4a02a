"""A document as staff see it: its own text, each passage marked by its use, with the figures right after it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from kbot.coverage.document_use import Use
from kbot.records import Span
from kbot.web.markdown import Mark, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from kbot.coverage.document_use import DocumentUse, UsedPassage

_ID = "use-"  # and the number of the passage in its document
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>")
_MARK = {Use.NEVER: "never shown", Use.SHOWN: "shown", Use.OFTEN: "shown often", Use.DISLIKED: "not liked"}
SIGNS = {Use.NEVER: "○", Use.SHOWN: "◐", Use.OFTEN: "●", Use.DISLIKED: "▼"}  # so that colour is not all there is


def annotated(document: DocumentUse, where: Callable[[str], str]) -> Markup:
    """Return the document as HTML: word for word as on its source page, with a note to open after each passage.

    `where` tells the address of the questions that a passage was shown for.
    """
    body = document.document.body
    marks = [
        Mark(
            Span(each.passage.start - body, each.passage.end - body),
            id=f"{_ID}{each.number}",
            classes=f"kt-use kt-{each.use.value}",
        )
        for each in document.passages
    ]
    html = render(document.document.text[body:], marks).html
    return Markup(_with_notes(str(html), {each.number: _note(each, where) for each in document.passages}))  # noqa: S704  escaped


def _with_notes(html: str, notes: dict[int, str]) -> str:
    """Put the note of each passage behind the paragraph, table or code that it stands in, or inside its list item."""
    pieces: list[str] = []
    waiting: list[str] = []  # notes that go behind the block that is still open
    block = ""  # a note can't stand inside of this element
    at = 0
    for tag in _TAG.finditer(html):
        closes, name, attributes = bool(tag[1]), tag[2], tag[3]
        number = re.search(rf'id="{_ID}(\d+)"', attributes)
        if not closes and not block and name in {"p", "pre", "table"}:
            block = name
        if number is not None:
            waiting.append(notes[int(number[1])])
        ends_block = closes and name == block
        ends_bare = closes and name == "span" and not block
        if waiting and (ends_block or ends_bare):
            pieces += [html[at : tag.end()], *waiting]
            waiting, at = [], tag.end()
        if ends_block:
            block = ""
    return "".join([*pieces, html[at:], *waiting])


def _note(each: UsedPassage, where: Callable[[str], str]) -> str:
    no = each.liked.total - each.liked.hits
    times = "once" if each.shown == 1 else f"{each.shown} times" if each.shown else ""
    figures = f"{SIGNS[each.use]} {each.number}. {_MARK[each.use]}{': ' + times if times else ''}"
    judged = f"{no} of {each.liked.total} who said so found it not helpful" if no else ""
    topics = Markup("").join(
        Markup("<li><code>{}</code> {}</li>").format(topic.id, topic.about) for topic in each.topics
    )
    quoted = (
        Markup("<p>Quoted by {} of the question bank:</p><ul>{}</ul>").format(
            _count(len(each.topics), "topic"), topics
        )
        if each.topics
        else Markup("<p>No topic of the question bank quotes it. It is shown as related, if at all.</p>")
    )
    said = (
        f"{_count(each.liked.total, 'visitor')} said whether it helped: {each.liked.hits} yes, {no} no."
        if each.liked.total
        else "No visitor said whether it helped."
    )
    asked = (
        Markup(' <a class="ks-drill" href="{}">See the questions</a>.').format(where(each.passage.id))
        if each.shown
        else ""
    )
    return str(
        Markup(
            '<details id="about-{}" class="kt-note-of kt-{}"><summary>{}{}</summary>'
            "<div><p>Shown {} in this period. {}{}</p>{}</div>"
            "</details>"
        ).format(
            f"{_ID}{each.number}",
            each.use.value,
            figures,
            Markup("; ") + escape(judged) if judged else "",
            times or "never",
            said,
            asked,
            quoted,
        )
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
