"""The checklist: what the question bank covers, before anybody asks."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import gradio as gr

from kbot.answering.bot import Bot
from kbot.coverage.checklist import Checklist, Status, make_checklist
from kbot.web.staff.pages.wiring import QUIETLY, SECONDS, State, Work, markdown, note, problem, progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kbot.coverage.checklist import TopicCheck
    from kbot.records import Topic
    from kbot.web.staff.context import StaffContext

_ANY = "any"
_NAMES = MappingProxyType(
    {
        Status.ANSWERED: "answered",
        Status.PARTLY: "partly answered",
        Status.NOT_COVERED: "not covered",
        Status.PERSONAL: "personal",
    }
)
_SIGNS = MappingProxyType({Status.ANSWERED: "●", Status.PARTLY: "◐", Status.NOT_COVERED: "◆", Status.PERSONAL: "■"})
_LEAD = (
    "Every topic of the question bank, asked in all its phrasings, with how many clinics’ patients ask about it. It "
    "needs no visitor: use it before you go live."
)
_BEFORE = "Press “Check all topics”: it puts every phrasing of the bank to the bot, and tells how far it is."


def build_tab(context: StaffContext) -> None:
    """Put the tab's components into the open `gr.Tab`."""
    work: Work[Checklist] = Work("kbot-checklist")
    states = [("All", _ANY), *((name.capitalize(), status.value) for status, name in _NAMES.items())]

    def start(status: object, about: object) -> tuple[str, dict[str, Any]]:
        state = work.start(context.service.build, lambda told: ask_the_bank(context, told))
        return _checklist(context, state, status, about)

    def look(status: object, about: object) -> tuple[str, dict[str, Any]]:
        return _checklist(context, work.state(context.service.build), status, about)

    markdown(f"## Checklist\n\n{_LEAD}", "kt-lead")
    status = gr.Radio(states, value=_ANY, label="State")
    with gr.Row(elem_classes="kt-controls"):
        about = gr.Textbox(label="Topics with these words", max_length=100, scale=2)
        button = gr.Button("Check all topics", variant="primary", scale=0, min_width=160)
    found = markdown(note(_BEFORE), "kt-result")
    timer = gr.Timer(SECONDS, active=False)
    button.click(start, [status, about], [found, timer], **QUIETLY)
    gr.on([timer.tick, status.change, about.submit], look, [status, about], [found, timer], **QUIETLY)


def ask_the_bank(context: StaffContext, told: Callable[[int, int], None]) -> Checklist:
    """Return the checklist of the build that is served; `told` hears after each topic how many are done, of how many.

    It asks a bot of its own: cached models are shared, the visitors' bot is left alone.
    """
    settings, index = context.service.settings, context.service.index
    bot = Bot(index, rerank=settings.rerank, max_question=settings.max_question)

    def tracked(topics: Sequence[Topic]) -> Iterator[Topic]:
        for done, topic in enumerate(topics):
            told(done, len(topics))
            yield topic

    return make_checklist(index, lambda question: bot.ask([question]), track=tracked)


def _checklist(
    context: StaffContext, state: State[Checklist], status: object, about: object
) -> tuple[str, dict[str, Any]]:
    if state.running:
        return progress(state, "topics"), gr.update(active=True)
    if state.error:
        return problem(state.error), gr.update(active=False)
    if state.result is None:
        return note(_BEFORE), gr.update(active=False)
    return show_checklist(context, state.result, status, about), gr.update(active=False)


def show_checklist(context: StaffContext, checklist: Checklist, status: object = _ANY, about: object = "") -> str:
    """Return the topics of one state that have all these words in their names, as one line of HTML."""
    wanted = str(about or "").lower().split()
    topics = [
        check for check in checklist.topics if status in {_ANY, check.status.value} and _speaks_of(check, wanted)
    ]
    return context.templates.message(
        "staff_checklist.html", checklist=checklist, topics=topics, names=_NAMES, signs=_SIGNS
    )


def _speaks_of(check: TopicCheck, wanted: Sequence[str]) -> bool:
    said = f"{check.topic} {check.about} {check.missing}".lower()
    return all(word in said for word in wanted)
