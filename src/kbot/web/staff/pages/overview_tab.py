"""The overview: the period in figures and charts, how the journal is doing, and which build is served."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components.plot import PlotData

from kbot.errors import KbotError
from kbot.records import Outcome
from kbot.search.manifest import kept_builds, stamp
from kbot.settings import JOURNAL_OFF
from kbot.web.asking import report
from kbot.web.staff.pages.charts import Chart, confidence_chart, outcomes_chart, reasons_chart
from kbot.web.staff.pages.drill import address
from kbot.web.staff.pages.period import SHOWS, TimedTab, add_period_filter, read_period
from kbot.web.staff.pages.questions import QuestionFilter, View
from kbot.web.staff.pages.wiring import WORKING, markdown, note, problem
from kbot.web.staff.pages.wording import day_text, interval, moment, percent

if TYPE_CHECKING:
    from pathlib import Path

    from kbot.coverage.overview import Overview
    from kbot.evaluation import Rate
    from kbot.search.manifest import Manifest
    from kbot.service import Service
    from kbot.web.staff.context import StaffContext
    from kbot.web.staff.pages.reading import Reading

BROKEN = "This could not be shown. The log says where it stopped."


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with what it is of."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a chart and its texts go."""

    part: gr.Column
    text: gr.Markdown
    plot: gr.Plot
    table: gr.Markdown

    @property
    def outputs(self) -> list[Any]:
        return [self.part, self.text, self.plot, self.table]


class OverviewTab:
    """What the tab shows, apart from Gradio's components."""

    def __init__(self, context: StaffContext, reading: Reading) -> None:
        self._context = context
        self._reading = reading
        self._since = datetime.datetime.now(tz=datetime.UTC)

    def head(self, overview: Overview | None) -> str:
        """Return the notices and the key figures as HTML."""
        state = self._context.service.journal_state
        return self._context.templates.message(
            "board/overview.html",
            made_up=overview is not None and overview.made_up,
            off=state is None,
            failing=state.failing if state else None,
            held=state.held if state else None,
            trouble=self._context.service.trouble,
            empty=overview is None or overview.empty,
            figures=figures(overview) if overview else [],
            period=overview.period if overview else None,
            open=_waiting(overview, self._reading.threshold) if overview else [],
            day_text=day_text,
        )

    def charts(self, overview: Overview | None) -> list[Chart | None]:
        """Return the three charts; None for each while there is nothing to draw."""
        if overview is None or overview.empty:
            return [None, None, None]
        accent = self._context.service.clinic.accent
        reasons = reasons_chart(overview, accent) if overview.activity.reasons else None
        sure = overview.confidence
        confidence = confidence_chart(sure, accent) if sure.above + sure.below else None
        return [outcomes_chart(overview, accent), reasons, confidence]

    def state(self, overview: Overview | None) -> str:
        """Return where the journal is and how it is doing, and which build is served, as HTML."""
        service = self._context.service
        off = service.settings.journal.strip().lower() == JOURNAL_OFF
        served = service.index.manifest
        return self._context.templates.message(
            "board/state.html",
            off=off,
            where=self._reading.where(),
            state=service.journal_state,
            entries=overview.entries if overview else 0,
            retention=service.settings.retention_days,
            build=served.build,
            made=_made(served),
            published=_published(service.settings.index),
            others=[(each.build, _made(each)) for each in _others(service)],
            since=moment(self._since),
            passages=len(service.passages),
            documents=len(service.documents),
            topics=len(service.topics),
        )

    def chart_text(self, chart: Chart) -> tuple[str, str]:
        """Return what stands above and below a chart, as HTML."""
        message = self._context.templates.message
        return message("board/chart.html", chart=chart), message("board/table.html", chart=chart)


def _made(manifest: Manifest) -> str:
    return moment(datetime.datetime.fromisoformat(manifest.made_at)) if manifest.made_at else ""


def _published(index: Path) -> str:
    """Return since when the index leads to its build: publishing and going back replace the manifest."""
    seen = stamp(index)
    return moment(datetime.datetime.fromtimestamp(seen[1] / 1e9, tz=datetime.UTC)) if seen else ""


def _others(service: Service) -> list[Manifest]:
    """Return the other builds that are kept, the newest first: `kbot rollback` can go to them."""
    return [each for each in kept_builds(service.settings.index) if each.directory != service.directory]


def figures(overview: Overview) -> list[Figure]:
    """Return the key figures of a period, the shares with their intervals."""
    activity, outcomes = overview.activity, overview.activity.outcomes
    questions = activity.answered.total
    return [
        Figure("Questions", f"{questions:,}", f"and {outcomes[Outcome.GREETING]:,} greetings"),
        _rate("Answered, of all questions", activity.answered),
        _rate("Answered, of those a text could answer", activity.covered),
        _rate("Helpful, of the answers that visitors judged", activity.feedback),
        Figure(
            "In a crisis, and emergencies",
            f"{outcomes[Outcome.CRISIS]:,} and {outcomes[Outcome.EMERGENCY]:,}",
            "only counted: these messages are never kept",
        ),
    ]


def _rate(name: str, rate: Rate) -> Figure:
    if not rate.total:
        return Figure(name, "–", "none yet")
    return Figure(name, percent(rate.value), f"{rate.hits:,} of {rate.total:,}; 95 % interval {interval(rate)}")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Questions that somebody should look at, and where they are."""

    count: int
    what: str
    more: str
    address: str


def _waiting(overview: Overview, threshold: float) -> list[Waiting]:
    found = [
        (overview.unanswered, "that nothing answered", "; “What to write next” puts them together", View.UNANSWERED),
        (overview.near_misses, "answered, but barely", f", close above the threshold {threshold:.2f}", View.BARELY),
        (overview.unhelpful, "whose answer was marked as not helpful", "", View.UNHELPFUL),
    ]
    return [
        Waiting(count, what, more, address(overview.period, QuestionFilter(view)))
        for count, what, more, view in found
        if count
    ]


def build_tab(context: StaffContext, reading: Reading) -> TimedTab:
    """Put the tab's components into the open `gr.Tab`, and return what shows it."""
    tab = OverviewTab(context, reading)
    period = add_period_filter()
    head = markdown(note(WORKING), "ks-head")
    places = [_add_place("Messages over time")]
    with gr.Row(elem_classes="ks-charts"):
        places += [_add_place(name) for name in ("Reasons", "Confidence")]
    state = markdown("", "ks-state")

    def show(choice: object, since: object, until: object) -> list[Any]:
        try:
            overview = reading.overview(read_period(choice, since, until))
            drawn = [part for chart in tab.charts(overview) for part in _drawn(tab, chart)]
            return [tab.head(overview), *drawn, tab.state(overview)]
        except KbotError as error:
            return [problem(str(error)), *_NOTHING * len(places), ""]
        except Exception as error:  # noqa: BLE001  staff get a message, whatever broke
            report(error)
            return [problem(BROKEN), *_NOTHING * len(places), ""]

    outputs = [head, *(part for place in places for part in place.outputs), state]
    gr.on(period.changes, show, period.values, outputs, **SHOWS)
    return TimedTab(period, show, period.values, outputs)


_NOTHING = [gr.update(visible=False), "", None, ""]


def _drawn(tab: OverviewTab, chart: Chart | None) -> list[Any]:
    if chart is None:
        return _NOTHING
    above, below = tab.chart_text(chart)
    return [gr.update(visible=True), above, PlotData(type="plotly", plot=chart.figure), below]


def _add_place(name: str) -> _Place:
    with gr.Column(visible=False, elem_classes="ks-chart") as part:
        text = markdown("")
        plot = gr.Plot(label=name, show_label=False, container=False)
        table = markdown("")
    return _Place(part, text, plot, table)
