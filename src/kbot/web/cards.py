"""Answers to the HTML that a visitor reads: cards of passages, and the people to turn to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from markupsafe import Markup, escape

from kbot.records import Answer, Fallback, Found, Kind, Outcome, Resource, ShownPassage
from kbot.web.markdown import Mark, render_inline
from kbot.web.wording import CLINIC_SAYS, STUDIES_FOUND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.web.templates import Templates

SHORT_NUMBER = 4  # digits, as 988 and 911: part of other words and addresses, so not made links in running text
_WHO = {False: CLINIC_SAYS, True: STUDIES_FOUND}
_URGENT = {Outcome.CRISIS, Outcome.EMERGENCY}


@dataclass(frozen=True, slots=True)
class _Card:
    """A passage as its template needs it."""

    heading: str
    part: str  # of a study, whose heading is its title; otherwise empty
    lead_in: str
    html: Markup
    kind: Kind
    title: str
    page: str
    url: str | None


@dataclass(frozen=True, slots=True)
class _Group:
    """Passages of one sort of source; `title` is empty where there is no other sort to tell them from."""

    title: str
    cards: list[_Card]


def answer_card(answer: Answer, templates: Templates, *, root: str = "", ticket: str | None = None) -> str:
    """Return an answer as one line of HTML.

    `root` is the path under which kbot is served, without its last slash. With a `ticket`, the visitor is asked
    whether the answer was of help.
    """
    resources = answer.resources
    paragraphs = [_with_numbers(part.strip(), resources) for part in answer.message.split("\n\n") if part.strip()]
    match answer:
        case Found():
            return templates.message(
                "answer.html",
                paragraphs=paragraphs,
                urgent=resources,
                groups=_groups(answer.passages, root),
                ticket=ticket,
            )
        case Fallback(outcome=outcome) if outcome in _URGENT:
            return templates.message("urgent.html", paragraphs=paragraphs, resources=resources)
        case Fallback(outcome=Outcome.GREETING):
            return templates.message("plain.html", paragraphs=paragraphs)
        case Fallback():
            return templates.message(
                "handover.html",
                paragraphs=paragraphs,
                resources=resources,
                missing=[concept for concept in answer.missing if concept.lower() not in answer.message.lower()],
                related=[_card(passage, root) for passage in answer.related],
                ticket=ticket,
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


def _groups(passages: Sequence[ShownPassage], root: str) -> list[_Group]:
    """Return the passages best first; where the clinic and studies both speak, apart, under who says it."""
    groups: dict[bool, list[_Card]] = {}
    for passage in passages:
        groups.setdefault(passage.source.kind.is_study, []).append(_card(passage, root))
    named = len(groups) > 1
    return [_Group(_WHO[is_study] if named else "", cards) for is_study, cards in groups.items()]


def _card(passage: ShownPassage, root: str) -> _Card:
    source = passage.source
    heading = passage.heading[-1] if passage.heading else source.title
    return _Card(
        heading=source.title if source.kind.is_study else heading,
        part=heading if source.kind.is_study and len(passage.heading) > 1 else "",
        lead_in=passage.lead_in or "",
        html=render_inline(passage.text, [Mark(passage.highlight, tag="mark")]),
        kind=source.kind,
        title=source.title,
        page=root + source.page,
        url=source.url,
    )
