"""Answers to the HTML that a visitor reads: cards of passages, and the people to turn to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from markupsafe import Markup, escape

from kbot.records import Answer, Fallback, Found, Kind, Outcome, Resource, ShownPassage
from kbot.web.markdown import Mark, render_inline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.web.templates import Templates

SHORT_NUMBER = 4  # digits, as 988 and 911: part of other words and addresses, so not made links in running text
_URGENT = {Outcome.CRISIS, Outcome.EMERGENCY}


@dataclass(frozen=True, slots=True)
class _Card:
    """A passage as its template needs it."""

    heading: str
    lead_in: str
    html: Markup
    kind: Kind
    title: str
    page: str
    url: str | None


def answer_card(answer: Answer, templates: Templates, *, root: str = "") -> str:
    """Return an answer as one line of HTML. `root` is the path under which kbot is served, without its last slash."""
    resources = answer.resources
    paragraphs = [_with_numbers(part.strip(), resources) for part in answer.message.split("\n\n") if part.strip()]
    match answer:
        case Found():
            return templates.message(
                "answer.html",
                paragraphs=paragraphs,
                urgent=answer.resources,
                passages=[_card(passage, root) for passage in answer.passages],
            )
        case Fallback(outcome=outcome) if outcome in _URGENT:
            return templates.message("urgent.html", paragraphs=paragraphs, resources=answer.resources)
        case Fallback(outcome=Outcome.GREETING):
            return templates.message("plain.html", paragraphs=paragraphs)
        case Fallback():
            return templates.message(
                "handover.html",
                paragraphs=paragraphs,
                resources=answer.resources,
                missing=answer.missing,
                related=[_card(passage, root) for passage in answer.related],
            )
        case _:
            assert_never(answer)


def asked_card(question: str, templates: Templates) -> str:
    """Return the visitor's own question as one line of HTML."""
    return templates.message("asked.html", question=" ".join(question.split()))


def _with_numbers(text: str, resources: Sequence[Resource]) -> Markup:
    """Return a text with the phone numbers of the people in it as links that dial, unbroken at the line's end."""
    html = escape(text)
    for resource in resources:
        if resource.call and resource.call_link and len(resource.call) > SHORT_NUMBER:
            link = Markup('<a class="kb-nobreak" href="{}">{}</a>').format(resource.call_link, resource.call)
            html = html.replace(escape(resource.call), link)
    return html


def _card(passage: ShownPassage, root: str) -> _Card:
    return _Card(
        heading=passage.heading[-1] if passage.heading else passage.source.title,
        lead_in=passage.lead_in or "",
        html=render_inline(passage.text, [Mark(passage.highlight, tag="mark")]),
        kind=passage.source.kind,
        title=passage.source.title,
        page=root + passage.source.page,
        url=passage.source.url,
    )
