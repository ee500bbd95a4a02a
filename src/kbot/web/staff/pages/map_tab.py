"""The topic map: what visitors asked, by meaning, and what came of it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components.plot import PlotData

from kbot.coverage.topic_map import TopicMap, draw_map
from kbot.errors import KbotError
from kbot.web.asking import report
from kbot.web.staff.pages.drill import entries_address
from kbot.web.staff.pages.map_chart import FATES, map_chart
from kbot.web.staff.pages.period import SHOWS, TimedTab, add_period_filter, read_period
from kbot.web.staff.pages.wiring import QUIETLY, SECONDS, State, Work, markdown, note, problem, progress
from kbot.web.staff.pages.wording import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kbot.coverage.period import Period
    from kbot.web.staff.context import StaffContext
    from kbot.web.staff.pages.charts import Chart

_LEAD = "What visitors asked, by meaning, and what came of it."
_BROKEN = "The map could not be drawn. The log says where it stopped."


@dataclass(frozen=True, slots=True)
class Drawn:
    """A map, and of what and when it was drawn."""

    map: TopicMap
    period: Period
    made_up: bool
    at: datetime.datetime


def build_tab(context: StaffContext) -> TimedTab:
    """Put the tab's components into the open `gr.Tab`, and return what shows it."""
    work: Work[Drawn] = Work("kbot-map")

    def draw(values: Sequence[object], *, again: bool) -> list[Any]:
        try:
            period = read_period(*values)
            key = (context.service.build, period)
            return _shown(context, work.start(key, lambda told: _draw(context, period, told), again=again))
        except KbotError as error:
            return _nothing(problem(str(error)))

    def show(choice: object, since: object, until: object) -> list[Any]:
        return draw([choice, since, until], again=False)

    def draw_again(choice: object, since: object, until: object) -> list[Any]:
        return draw([choice, since, until], again=True)

    period = add_period_filter()
    markdown(f"## Topic map\n\n{_LEAD}", "kt-lead")
    with gr.Column(elem_classes=["ks-chart", "kt-card"]):
        text = markdown(note("Beginning …"), "kt-result")
        plot = gr.Plot(label="Topic map", show_label=False, container=False, visible=False, elem_classes="kt-map")
        button = gr.Button("Draw it anew", visible=False, elem_classes="kt-go")
        subjects = markdown("", "kt-result")
    timer = gr.Timer(SECONDS, active=False)
    outputs = [text, plot, button, subjects, timer]
    gr.on(period.changes, show, period.values, outputs, **SHOWS)
    timer.tick(show, period.values, outputs, **QUIETLY)
    button.click(draw_again, period.values, outputs, **SHOWS)
    return TimedTab(period, show, period.values, outputs)


def _draw(context: StaffContext, period: Period, told: Callable[[int, int], None]) -> Drawn:
    now, journal = datetime.datetime.now(tz=datetime.UTC), context.reading.journal()
    if journal is None:
        return Drawn(TopicMap((), 0), period, made_up=False, at=now)
    drawn = draw_map(journal.entries(period.start, period.end), context.service.index, track=told)
    return Drawn(drawn, period, journal.made_up, now)


def _nothing(message: str, *, wait: bool = False) -> list[Any]:
    return [message, gr.update(visible=False), gr.update(visible=False), "", gr.update(active=wait)]


def _shown(context: StaffContext, state: State[Drawn]) -> list[Any]:
    if state.running:
        return _nothing(progress(state, "wordings"), wait=True)
    if state.result is None:
        return _nothing(problem(state.error))
    if not state.result.map.clusters:
        return _nothing(note("Nobody asked anything in this period."))
    try:
        above, chart, below = show_map(context, state.result)
    except Exception as error:  # noqa: BLE001  staff get a message, whatever broke
        report(error)
        return _nothing(problem(_BROKEN))
    plot = gr.update(value=PlotData(type="plotly", plot=chart.figure), visible=True)
    return [above, plot, gr.update(visible=True), below, gr.update(active=False)]


def show_map(context: StaffContext, drawn: Drawn) -> tuple[str, Chart, str]:
    """Return what stands above the map, the map, and the list of subjects; the texts as one line of HTML each."""
    chart = map_chart(drawn.map, context.service.clinic.accent)
    message, clusters = context.templates.message, drawn.map.clusters

    def where(entries: Sequence[int]) -> str:
        return entries_address(drawn.period, entries)

    below = message(
        "staff_map.html",
        map=drawn.map,
        where=where,
        often=[cluster for cluster in clusters if cluster.count > 1],
        once=[cluster for cluster in clusters if cluster.count == 1],
        legend=[(fate, sign, name) for fate, sign, name, *_ in FATES],
        names={fate: name for fate, _, name, *_ in FATES},
        signs={fate: sign for fate, sign, *_ in FATES},
    )
    above = message("staff_map_head.html", chart=chart, made_up=drawn.made_up, at=moment(drawn.at))
    return above, chart, below
