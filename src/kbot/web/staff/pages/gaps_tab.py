"""What to write next: the questions that nothing answered, together by what is missing, each with a draft."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import gradio as gr

from kbot.errors import KbotError
from kbot.web.asking import report
from kbot.web.staff.context import signed_in_name
from kbot.web.staff.pages.drill import entries_address
from kbot.web.staff.pages.period import SHOWS, TimedTab, add_period_filter, period_query, read_period
from kbot.web.staff.pages.slots import NOT_LISTED, entry_id, number, pages
from kbot.web.staff.pages.wiring import QUIETLY, Work, markdown, note, problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.coverage.gaps import Gap
    from kbot.coverage.period import Period
    from kbot.web.staff.context import StaffContext
    from kbot.web.staff.pages.reading import Reading

ON_PAGE = 8  # gaps
BROKEN = "This could not be shown. The log says where it stopped."


class GapsTab:
    """What the tab shows, apart from Gradio's components."""

    def __init__(self, context: StaffContext, reading: Reading) -> None:
        self._context = context
        self._reading = reading
        self._root = context.service.settings.root_path
        self._work: Work[tuple[Gap, ...]] = Work("kbot-gaps")

    def find(self, period: Period) -> tuple[Gap, ...] | None:
        """Return the gaps, None while they are still worked out.

        Raises:
            KbotError: the journal can't be read.
        """
        journal = self._reading.journal()
        if journal is None:
            return ()
        key = self._reading.key(journal, period)
        state = self._work.start(key, lambda told: self._reading.gaps(period))  # noqa: ARG005  it knows no steps
        if state.error:
            raise KbotError(state.error)
        return state.result

    def head(self, gaps: Sequence[Gap], page: int, period: Period) -> str:
        """Return what stands above the gaps as HTML."""
        journal = self._reading.journal()
        return self._context.templates.message(
            "board/gaps.html",
            made_up=journal is not None and journal.made_up,
            count=len(gaps),
            questions=sum(gap.count for gap in gaps),
            first=page * ON_PAGE + 1,
            last=min((page + 1) * ON_PAGE, len(gaps)),
            download=f"{self._root}/staff/download/drafts.yaml?{period_query(period)}",
        )

    def gap(self, gap: Gap, number: int, period: Period) -> str:
        """Return one gap as HTML."""
        nearest = gap.nearest
        return self._context.templates.message(
            "board/gap.html",
            gap=gap,
            number=number,
            trend=_trend(gap),
            page=f"{self._root}/source/{nearest.id}" if nearest else "",
            heading=nearest.heading[-1] if nearest and nearest.heading else nearest.id if nearest else "",
            entries=entries_address(period, gap.entries),
            download=f"{self._root}/staff/download/drafts.yaml?{period_query(period, gap=str(gap.entries[0]))}",
        )

    def mark(self, entries: Sequence[int], who: str) -> int:
        """Mark the questions of a gap as handled; return how many there were.

        Raises:
            KbotError: the journal can't be changed.
        """
        marked = self._reading.existing().set_all_handled(entries)
        self._context.trail.record(who, "handled", f"{marked} questions of a gap")
        return marked


def _trend(gap: Gap) -> str:
    if gap.recent == gap.before:
        return f"as often in both halves of the period: {gap.before}"
    word = "more often" if gap.recent > gap.before else "less often"
    return f"{word} lately: {gap.before} in the first half of the period, {gap.recent} in the second"


def build_tab(context: StaffContext, reading: Reading) -> TimedTab:
    """Put the tab's components into the open `gr.Tab`, and return what shows it."""
    tab = GapsTab(context, reading)
    period = add_period_filter()
    status, head = markdown("", "ks-status"), markdown("", "ks-head")
    slots = [_add_slot() for _ in range(ON_PAGE)]
    with gr.Row(visible=False, elem_classes="ks-pager") as pager:
        back = gr.Button("Previous", elem_classes="ks-page", scale=0)
        on = gr.Button("Next", elem_classes="ks-page", scale=0)
    page, ids = gr.Textbox("0", visible=False), gr.Textbox("[]", visible=False)
    again = gr.Timer(1.0, active=False)
    hidden = [gr.update(visible=False), "", "", gr.update(visible=True)] * ON_PAGE

    def show_page(choice: object, since: object, until: object, wanted: int) -> list[Any]:
        try:
            days = read_period(choice, since, until)
            gaps = tab.find(days)
            if gaps is None:
                waiting = note("Putting questions together by what they mean …")
                return [waiting, "", *hidden, *pages(0, 0, ON_PAGE), "0", "[]", gr.update(active=True)]
            at = max(0, min(wanted, (len(gaps) - 1) // ON_PAGE))
            shown = gaps[at * ON_PAGE : (at + 1) * ON_PAGE]
            parts: list[Any] = []
            for rank, gap in enumerate(shown, at * ON_PAGE + 1):
                parts += [gr.update(visible=True), tab.gap(gap, rank, days), gap.draft, _button(gap)]
            parts += hidden[len(parts) :]
            entries = json.dumps([list(gap.entries) for gap in shown])
            turning = pages(at, len(gaps), ON_PAGE)
            return ["", tab.head(gaps, at, days), *parts, *turning, str(at), entries, gr.update(active=False)]
        except KbotError as error:
            message = problem(str(error))
        except Exception as error:  # noqa: BLE001  staff get a message, whatever broke
            report(error)
            message = problem(BROKEN)
        return [message, "", *hidden, *pages(0, 0, ON_PAGE), "0", "[]", gr.update(active=False)]

    def show(choice: object, since: object, until: object) -> list[Any]:
        return show_page(choice, since, until, 0)

    def turn(by: int) -> Any:
        return lambda choice, since, until, at: show_page(choice, since, until, number(at) + by)

    outputs = [status, head, *(part for slot in slots for part in slot), pager, back, on, page, ids, again]
    gr.on(period.changes, show, period.values, outputs, **SHOWS)
    again.tick(turn(0), [*period.values, page], outputs, **QUIETLY)
    back.click(turn(-1), [*period.values, page], outputs, **QUIETLY)
    on.click(turn(1), [*period.values, page], outputs, **QUIETLY)

    for at, (_, _, _, button) in enumerate(slots):

        def mark(listed: object, request: gr.Request, place: int = at) -> list[Any]:
            try:
                marked = tab.mark(_entries(listed, place), signed_in_name(request))
            except KbotError as error:
                return [problem(str(error)), gr.update()]
            done = f"{marked} questions are marked as handled. They stay in the figures and leave this list."
            return [note(done), gr.update(value="Handled", interactive=False)]

        button.click(mark, ids, [status, button], **QUIETLY)
    return TimedTab(period, show, period.values, outputs)


def _add_slot() -> tuple[gr.Column, gr.Markdown, gr.Textbox, gr.Button]:
    with gr.Column(visible=False, elem_classes="ks-gap") as part:
        text = markdown("")
        with gr.Accordion("Draft for the question bank", open=False, elem_classes="ks-draft"):
            draft = gr.Textbox(
                label="Draft (YAML)",
                lines=4,
                max_lines=24,
                interactive=False,
                buttons=["copy"],
                elem_classes="ks-yaml",
            )
        button = gr.Button("Mark as handled", elem_classes="ks-handle", scale=0)
    return part, text, draft, button


def _button(gap: Gap) -> Any:
    what = "this question" if gap.count == 1 else f"these {gap.count} questions"
    return gr.update(value=f"Mark {what} as handled", interactive=True)


def _entries(listed: object, place: int) -> list[int]:
    """Return the ids of one gap of those that the page sent back; none where it sent something else."""
    try:
        return [entry_id(entry) for entry in json.loads(str(listed))[place]]
    except NOT_LISTED:
        return []
