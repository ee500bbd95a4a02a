"""The staff's board: the tabs, and when each of them is worked out. Nothing is before somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from kbot.web.staff.pages import (
    audit_tab,
    checklist_tab,
    documents_tab,
    drill,
    gaps_tab,
    map_tab,
    overview_tab,
    questions_tab,
    trace_tab,
)
from kbot.web.staff.pages.period import keep_together
from kbot.web.staff.pages.wiring import QUIETLY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.web.staff.context import StaffContext
    from kbot.web.staff.pages.period import PeriodFilter
    from kbot.web.staff.pages.questions_tab import QuestionsPart

_QUESTIONS = "questions"


def build_staff(context: StaffContext) -> gr.Blocks:
    """Return the staff page's Gradio part."""
    reading = context.reading
    with gr.Blocks(title="Staff", analytics_enabled=False) as blocks:
        asked = questions_tab.add_asked()
        tabs = gr.Tabs(elem_id="board", overflow_behavior="wrap")
    with blocks, tabs:
        with gr.Tab("Overview"):
            overview = overview_tab.build_tab(context, reading)
        with gr.Tab("What to write next") as writing:
            gaps = gaps_tab.build_tab(context, reading)
        with gr.Tab("Questions", id=_QUESTIONS) as asking:
            questions = questions_tab.build_tab(context, reading, asked)
        with gr.Tab("Topic map") as mapping:
            topics = map_tab.build_tab(context)
        with gr.Tab("Documents") as reading_over:
            documents = documents_tab.build_tab(context)
        with gr.Tab("Checklist"):
            checklist_tab.build_tab(context)
        with gr.Tab("Ask as a visitor"):
            trace_tab.build_tab(context)
        with gr.Tab("Audit"):
            audit_tab.build_tab(context)
        selected = {writing: gaps, asking: questions.tab, mapping: topics, reading_over: documents}
        together = [overview.period, *(tab.period for tab in selected.values())]
        keep_together(together)
        blocks.load(overview.show, overview.inputs, overview.outputs, **QUIETLY)
        for tab, part in selected.items():
            tab.select(part.show, part.inputs, part.outputs, **QUIETLY)
        _lead_to_questions(blocks, tabs, questions, together)
    return blocks


def _lead_to_questions(
    blocks: gr.Blocks, tabs: gr.Tabs, questions: QuestionsPart, together: Sequence[PeriodFilter]
) -> None:
    """Open the questions that an address names: the page's own as it is loaded, or that of a link on the page."""
    others = [each for each in together if each is not questions.tab.period]
    outputs = [tabs, *questions.opened, *(part for each in others for part in (*each.values, each.dates))]

    def open_questions(query: object, choice: object, since: object, until: object) -> list[Any]:
        opened = questions.open(query, choice, since, until)
        return [gr.update(selected=_QUESTIONS), *opened, *opened[:4] * len(others)]

    def load(choice: object, since: object, until: object, request: gr.Request) -> list[Any]:
        query = str(request.request.url.query) if request.request is not None else ""
        if not drill.asks(query):
            return [gr.skip()] * len(outputs)
        return open_questions(query, choice, since, until)

    values = questions.tab.period.values
    questions.asked.submit(open_questions, [questions.asked, *values], outputs, **QUIETLY)
    blocks.load(load, values, outputs, **QUIETLY)
