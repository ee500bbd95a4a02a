"""Charts as Plotly draws them, each with its text: a title, a sentence, and the numbers as a table.

Two schemes share one figure: the colours have 3:1 on the light and on the dark surface (WCAG 2.2, 1.4.11), neighbours
differ by a pattern, too, and staff.css colours the texts and lines.
"""

from __future__ import annotations

import colorsys
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kbot.coverage.overview import BINS, by_week
from kbot.records import Outcome
from kbot.web.colours import DARK_SURFACE, WHITE, Rgb, as_hex, contrast, parse
from kbot.web.staff.pages.wording import OUTCOMES, REASONS, day_text, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.coverage.activity import Activity, Day
    from kbot.coverage.overview import Histogram, Overview

SERIES_CONTRAST = 3.0  # WCAG 2.2, 1.4.11
MOST_DAILY = 45  # days of a period that is shown day by day
# After Okabe and Ito's palette for every kind of colour vision; the first one is the clinic's accent.
_HANDED_OVER, _GREETING, _URGENT = "#d55e00", "#7f8c8d", "#aa5ba0"
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif'
_CONFIG = {"displayModeBar": False, "displaylogo": False, "doubleClick": False, "showTips": False}


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and its text alternative."""

    title: str
    summary: str
    figure: str  # JSON of Plotly: data, layout, config
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Series:
    name: str
    colour: str
    pattern: str
    outcomes: tuple[Outcome, ...]


def readable_on_both(colour: str) -> str:
    """Return the colour, made lighter or darker until it has 3:1 on both surfaces."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*parse(colour))
    rgb: Rgb = parse(colour)
    while contrast(rgb, WHITE) < SERIES_CONTRAST and lightness > 0:
        lightness -= 0.01
        rgb = colorsys.hls_to_rgb(hue, max(lightness, 0.0), saturation)
    while contrast(rgb, DARK_SURFACE) < SERIES_CONTRAST and lightness < 1:
        lightness += 0.01
        rgb = colorsys.hls_to_rgb(hue, min(lightness, 1.0), saturation)
    return as_hex(rgb)


def series(accent: str) -> tuple[_Series, ...]:
    """Return what outcomes are drawn as, from the bottom of a stack to its top."""
    return (
        _Series("Answered", readable_on_both(accent), "", (Outcome.ANSWER,)),
        _Series("To a clinician", readable_on_both(_HANDED_OVER), "/", (Outcome.CLINICIAN,)),
        _Series("Greeting", readable_on_both(_GREETING), ".", (Outcome.GREETING,)),
        _Series("Crisis or emergency", readable_on_both(_URGENT), "x", (Outcome.CRISIS, Outcome.EMERGENCY)),
    )


def outcomes_chart(overview: Overview, accent: str) -> Chart:
    """Return what came of the messages over time: by day, or by week where the period is long."""
    weekly = len(overview.period.days) > MOST_DAILY
    days: Sequence[Day] = by_week(overview.activity.days) if weekly else overview.activity.days
    names = [day_text(day.day) for day in days]
    bars = [
        _bar(
            one,
            x=names,
            y=[sum(day.outcomes[outcome] for outcome in one.outcomes) for day in days],
            hovertemplate=f"%{{x}}<br>{one.name}: %{{y}}<extra></extra>",
        )
        for one in series(accent)
    ]
    busiest = max(days, key=lambda day: day.total)
    unit = "week from" if weekly else "day"
    return Chart(
        title=f"Messages by {'week' if weekly else 'day'}",
        summary=f"{_of(overview.activity)} The busiest {unit} {day_text(busiest.day)} had {busiest.total:,}.",
        figure=_figure(bars, {"barmode": "stack", "xaxis": {"type": "category", "nticks": 5, "tickangle": 0}}),
        header=("Week from" if weekly else "Day", *OUTCOMES.values()),
        rows=tuple(
            (day.day.isoformat(), *(str(day.outcomes[outcome]) for outcome in OUTCOMES)) for day in reversed(days)
        ),
    )


def _of(activity: Activity) -> str:
    total = sum(activity.outcomes.values())
    answered, handed_over = activity.outcomes[Outcome.ANSWER], activity.outcomes[Outcome.CLINICIAN]
    return f"Of {total:,} messages, {answered:,} were answered and {handed_over:,} went to a clinician."


def reasons_chart(overview: Overview, accent: str) -> Chart:
    """Return why questions went to a clinician."""
    reasons = overview.activity.reasons
    names = [REASONS[reason] for reason in reasons]
    bar = {
        "type": "bar",
        "orientation": "h",
        "x": [rate.hits for rate in reasons.values()],
        "y": names,
        "text": [f"{rate.hits:,} ({percent(rate.value)})" for rate in reasons.values()],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": readable_on_both(accent)},
        "hoverinfo": "skip",
    }
    summary = "Nothing went to a clinician in this period."
    if reasons:
        first, rate = next(iter(reasons.items()))
        summary = f"The most frequent: {REASONS[first].lower()}, {percent(rate.value)} of {rate.total:,}."
    most = max((rate.hits for rate in reasons.values()), default=1)
    layout = {
        "showlegend": False,
        "yaxis": {"autorange": "reversed", "automargin": True, "showgrid": False, "ticklabelstandoff": 6},
        "xaxis": {"range": [0, most * 2.1], "showticklabels": False, "showgrid": False},
        "height": 320,
        "margin": {"t": 12, "b": 12},
    }
    return Chart(
        title="Why questions went to a clinician",
        summary=summary,
        figure=_figure([bar], layout),
        header=("Reason", "Questions", "Share"),
        rows=tuple((REASONS[why], f"{rate.hits:,}", percent(rate.value)) for why, rate in reasons.items()),
    )


def confidence_chart(histogram: Histogram, accent: str) -> Chart:
    """Return how sure the bot was, with the threshold between answers and hand-overs."""
    middles = [round((at + 0.5) / BINS, 3) for at in range(BINS)]
    ranges = [f"{at / BINS:.2f} to {(at + 1) / BINS:.2f}" for at in range(BINS)]
    answered, handed_over, *_ = series(accent)
    hover = "%{customdata}<br>{name}: %{y}<extra></extra>"
    bars = [
        _bar(
            one,
            x=middles,
            y=list(counts),
            width=0.9 / BINS,
            customdata=ranges,
            hovertemplate=hover.replace("{name}", one.name),
        )
        for one, counts in ((handed_over, histogram.unanswered), (answered, histogram.answered))
    ]
    at = histogram.threshold
    line = {
        "type": "line",
        "x0": at,
        "x1": at,
        "yref": "paper",
        "y0": 0,
        "y1": 1.02,
        "line": {"width": 2, "dash": "dash"},
    }
    sides = [
        _note(f"{histogram.below:,} below", at - 0.01, "right"),
        _note(f"{histogram.above:,} at {at:.2f} or above", at + 0.01, "left"),
    ]
    layout = {
        "barmode": "stack",
        "xaxis": {
            "range": [0, 1],
            "dtick": 0.2,
            "title": {"text": "Confidence", "standoff": 8, "font": {"size": 14}},
        },
        "shapes": [line],
        "annotations": sides,
        "legend": {"y": 1.2},
        "margin": {"t": 76, "b": 48},
    }
    return Chart(
        title="How sure the bot was",
        summary=(
            f"From the threshold {at:.2f} on, a question is answered: {histogram.above:,} questions were at or above "
            f"it, {histogram.below:,} below. Many bars close to the line mean many close calls."
        ),
        figure=_figure(bars, layout),
        header=("Confidence", "Answered", "To a clinician"),
        rows=tuple(
            (name, f"{yes:,}", f"{no:,}")
            for name, yes, no in zip(ranges, histogram.answered, histogram.unanswered, strict=True)
        ),
    )


def _bar(one: _Series, **values: object) -> dict[str, Any]:
    marker: dict[str, Any] = {"color": one.colour, "line": {"width": 1, "color": "rgba(0,0,0,0)"}}
    if one.pattern:
        marker["pattern"] = {"shape": one.pattern, "size": 7, "solidity": 0.22, "fgcolor": "#fff", "fgopacity": 0.75}
        marker["pattern"]["fillmode"] = "overlay"
    return {"type": "bar", "name": one.name, "marker": marker, **values}


def _note(text: str, x: float, side: str) -> dict[str, Any]:
    return {
        "text": text,
        "x": x,
        "xanchor": side,
        "yref": "paper",
        "y": 1.02,
        "yanchor": "bottom",
        "showarrow": False,
    }


def _figure(bars: Sequence[dict[str, Any]], layout: dict[str, Any]) -> str:
    base: dict[str, Any] = {
        "height": 320,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": _FONT, "size": 14},
        "bargap": 0.15,
        "dragmode": False,
        "hoverlabel": {"bgcolor": "#1b2627", "bordercolor": "#1b2627", "font": {"color": "#ffffff", "family": _FONT}},
        "legend": {
            "orientation": "h",
            "traceorder": "normal",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "margin": {"l": 44, "r": 12, "t": 48, "b": 40},
        "xaxis": {"fixedrange": True, "showgrid": False, "zeroline": False},
        "yaxis": {"fixedrange": True, "zeroline": False, "gridcolor": "#888", "rangemode": "tozero"},
    }
    for key, value in layout.items():
        base[key] = base[key] | value if isinstance(value, dict) else value
    return json.dumps({"data": list(bars), "layout": base, "config": _CONFIG})
