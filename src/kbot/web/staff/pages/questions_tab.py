"""The questions one by one: a filter, pages, each entry to unfold, and a mark for what is dealt with."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from kbot.errors import KbotError
from kbot.web.asking import report
from kbot.web.staff.context import signed_in_name
from kbot.web.staff.pages.drill import chosen_period, only_of, read_query, written
from kbot.web.staff.pages.period import DATES, SHOWS, TimedTab, add_period_filter, read_period
from kbot.web.staff.pages.questions import (
    ANY,
    CHANNEL_CHOICES,
    CONTROLS,
    HANDLED_CHOICES,
    JUDGED_CHOICES,
    LONGEST_TEXT,
    OUTCOME_CHOICES,
    REASON_CHOICES,
    VIEWS,
    QuestionFilter,
    View,
)
from kbot.web.staff.pages.questions_shown import ON_PAGE, QuestionsTab
from kbot.web.staff.pages.slots import NOT_LISTED, entry_id, number, pages
from kbot.web.staff.pages.wiring import QUIETLY, WORKING, markdown, note, problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kbot.journal.entries import JournalEntry
    from kbot.web.staff.context import StaffContext
    from kbot.web.staff.pages.reading import Reading

BROKEN = "This could not be shown. The log says where it stopped."
_HIDDEN = [gr.update(visible=False), "", gr.update()]  # a place without an entry


@dataclass(frozen=True, slots=True)
class QuestionsPart:
    """The tab, and what opens it with the questions that an address names."""

    tab: TimedTab
    asked: gr.Textbox  # holds the query of the address
    open: Callable[..., list[Any]]  # of the query and the period that is shown
    opened: list[Any]  # what `open` returns


@dataclass(frozen=True, slots=True)
class _Events:
    """What the tab's events do. The values come as the browser has them: the period, the controls, `only`."""

    tab: QuestionsTab
    reading: Reading

    def page(self, values: Sequence[object], wanted: int) -> list[Any]:
        """Return all that the tab shows."""
        try:
            days = read_period(*values[:3])
            controls = dict(zip(CONTROLS, values[3:-1], strict=True))
            chosen = QuestionFilter.read(controls | only_of(str(values[-1] or "")))
            page = self.tab.page(chosen, days, wanted)
            single = len(chosen.entries) == 1
            parts: list[Any] = []
            for entry in page.entries:
                text = self.tab.entry(entry, unfolded=single)
                parts += [gr.update(visible=True), text, gr.update(value=_label(entry))]
            parts += (_HIDDEN * ON_PAGE)[len(parts) :]
            turning = pages(page.number, page.total, ON_PAGE)
            listed = json.dumps([[entry.id, entry.handled] for entry in page.entries])
            restricted = [gr.update(visible=bool(chosen.only)), self.tab.only(chosen)]
            return ["", self.tab.head(page, chosen, days), *restricted, *parts, *turning, str(page.number), listed]
        except KbotError as error:
            message = problem(str(error))
        except Exception as error:  # noqa: BLE001  staff get a message, whatever broke
            report(error)
            message = problem(BROKEN)
        unchanged = [gr.update(), gr.update()]
        return [message, "", *unchanged, *_HIDDEN * ON_PAGE, *pages(0, 0, ON_PAGE), "0", "[]"]

    def show(self, *values: object) -> list[Any]:
        """Return the first page."""
        return self.page(values, 0)

    def turn(self, by: int) -> Callable[..., list[Any]]:
        """Return what turns pages."""
        return lambda *values: self.page(values[:-1], number(values[-1]) + by)

    def show_all(self, *values: object) -> list[Any]:
        """Return what the page keeps of an address, which is nothing any more, and the first page."""
        return ["", *self.page([*values[:-1], ""], 0)]

    def open(self, query: object, choice: object, since: object, until: object) -> list[Any]:
        """Return the period, the controls, what has none, and the first page, as an address says them."""
        fields = read_query(str(query or ""))
        chosen = QuestionFilter.read(fields)
        days = choice, since, until
        with contextlib.suppress(KbotError):  # what is wrong is said where the questions would stand
            days = chosen_period(fields, chosen, days, self.reading.journal())
        rest = written(chosen.only)
        controls = chosen.controls
        visible = gr.update(visible=days[0] == DATES)
        return [*days, visible, *controls, rest, *self.page([*days, *controls, rest], 0)]

    def mark(self, listed: object, request: gr.Request, place: int) -> list[Any]:
        """Mark the entry at a place of the page, or take its mark back; return a message and the entry."""
        rows = _rows(listed)
        try:
            entry, handled = rows[place] if place < len(rows) else (0, False)
            after = self.tab.mark(entry, signed_in_name(request), handled=not handled)
        except KbotError as error:
            return [problem(str(error)), gr.update(), gr.update(), gr.update()]
        rows[place] = (after.id, after.handled)
        done = note(f"Entry {after.id} is marked as {'' if after.handled else 'not '}handled.")
        return [done, self.tab.entry(after, unfolded=True), _label(after), json.dumps(rows)]


def add_asked() -> gr.Textbox:
    """Put what an address brings along where the page is being built, outside of any tab: Gradio builds these late.

    It is on the page though not to be seen: a link on another tab writes it (tabs.js).
    """
    return gr.Textbox("", visible="hidden", elem_id="ks-only")


def build_tab(context: StaffContext, reading: Reading, only: gr.Textbox) -> QuestionsPart:
    """Put the tab's components into the open `gr.Tab`, and return what shows it. `only` is what `add_asked` added."""
    events = _Events(QuestionsTab(context, reading), reading)
    period = add_period_filter()
    with gr.Row(visible=False, elem_classes="ks-only") as only_row:
        only_text = markdown("", "ks-only-text")
        everything = gr.Button("Show all questions", scale=0, min_width=160)
    filters, search = _add_filters()
    status, head = markdown("", "ks-status"), markdown(note(WORKING), "ks-head")
    slots = [_add_slot() for _ in range(ON_PAGE)]
    with gr.Row(visible=False, elem_classes="ks-pager") as pager:
        back = gr.Button("Newer", elem_classes="ks-page", scale=0)
        on = gr.Button("Older", elem_classes="ks-page", scale=0)
    at_page, ids = gr.Textbox("0", visible=False), gr.Textbox("[]", visible=False)

    inputs = [*period.values, *filters, only]
    places = [part for slot in slots for part in slot]
    outputs = [status, head, only_row, only_text, *places, pager, back, on, at_page, ids]
    changes = [*(part.input for part in filters[:-1]), filters[-1].submit, search.click]
    gr.on([*period.changes, *changes], events.show, inputs, outputs, **SHOWS)
    everything.click(events.show_all, inputs, [only, *outputs], **QUIETLY)
    back.click(events.turn(-1), [*inputs, at_page], outputs, **QUIETLY)
    on.click(events.turn(1), [*inputs, at_page], outputs, **QUIETLY)
    for at, (_, text, button) in enumerate(slots):

        def mark(listed: object, request: gr.Request, place: int = at) -> list[Any]:
            return events.mark(listed, request, place)

        button.click(mark, ids, [status, text, button, ids], **QUIETLY)
    opened = [*period.values, period.dates, *filters, only, *outputs]
    return QuestionsPart(TimedTab(period, events.show, inputs, outputs), only, events.open, opened)


def _add_filters() -> tuple[list[Any], gr.Button]:
    """Put the filter where the page is being built; return its parts in the order of `CONTROLS`, and the button."""
    view = gr.Radio([(name, view.value) for view, name in VIEWS.items()], value=View.ALL.value, label="Show")
    with gr.Accordion("More filters", open=False, elem_classes="ks-more"):
        rows = [
            gr.Radio(choices, value=ANY, label=label, elem_classes="ks-choice")
            for label, choices in (
                ("Outcome", OUTCOME_CHOICES),
                ("Reason", REASON_CHOICES),
                ("Channel", CHANNEL_CHOICES),
                ("Feedback", JUDGED_CHOICES),
                ("Marked", HANDLED_CHOICES),
            )
        ]
    with gr.Row(elem_classes="kt-controls"):
        text = gr.Textbox(label="Words in the question or in the feedback", max_length=LONGEST_TEXT, max_lines=1)
        search = gr.Button("Look for the words", elem_classes="ks-search", scale=0, min_width=180)
    return [view, *rows, text], search


def _add_slot() -> tuple[gr.Row, gr.Markdown, gr.Button]:
    with gr.Row(visible=False, elem_classes="ks-entry-row") as row:
        text = markdown("", "ks-entry-text")
        button = gr.Button("Mark as handled", elem_classes="ks-handle", scale=0)
    return row, text, button


def _label(entry: JournalEntry) -> str:
    return "Mark as not handled" if entry.handled else "Mark as handled"


def _rows(listed: object) -> list[tuple[int, bool]]:
    """Return the ids of the page that was shown and whether they were handled; nothing of what else was sent."""
    try:
        return [(entry_id(entry), handled is True) for entry, handled in json.loads(str(listed))]
    except NOT_LISTED:
        return []
