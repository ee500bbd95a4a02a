"""The topic map as Plotly draws it: each question a point, its colour and shape what came of it."""

from __future__ import annotations

import json
import math
import textwrap
from html import escape
from typing import TYPE_CHECKING, Any

from kbot.coverage.topic_map import Fate
from kbot.web.staff.pages.charts import Chart, readable_on_both

if TYPE_CHECKING:
    from kbot.coverage.topic_map import MapCluster, MapPoint, TopicMap

# Each with its name, the sign that stands for it in text, Plotly's name of that shape, and a colour for every kind of
# colour vision (after Okabe and Ito); the clinic's accent is that of answers.
FATES = (
    (Fate.ANSWERED, "●", "answered", "circle", ""),
    (Fate.NOT_COVERED, "◆", "not covered", "diamond", "#d55e00"),
    (Fate.HANDED_OVER, "■", "handed over for another reason", "square", "#aa5ba0"),
)
_NAMED = 15  # subjects with their number on the map
_SMALLEST, _LARGEST = 7.0, 30.0  # pixels across a point
_LINE = 60  # characters of a line of hover text
_LINES = 6  # of a question: Plotly leaves out a text that is higher than the map
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif'
_INK = "#1b2627"


def map_chart(drawn: TopicMap, accent: str) -> Chart:
    """Return the map. What visitors typed is escaped: Plotly reads some tags in the texts that it draws."""
    traces = [
        _trace(
            [point for point in drawn.points if point.fate is fate], name, symbol, readable_on_both(colour or accent)
        )
        for fate, _, name, symbol, colour in FATES
    ]
    named = [cluster for cluster in drawn.clusters[:_NAMED] if cluster.count > 1]
    largest = drawn.clusters[0] if drawn.clusters else None
    often = f" The most asked subject: “{largest.label}”, {largest.count:,} times." if largest else ""
    return Chart(
        title="Topic map",
        summary=(
            f"{drawn.count:,} questions in {len(drawn.points):,} wordings. Near each other means: about the same; "
            f"a larger one was asked more often. Point at one to read it; a number leads to its subject below.{often}"
        ),
        figure=json.dumps({"data": traces, "layout": _layout(named), "config": {"displayModeBar": False}}),
        header=("Subject", "Asked", *(name.capitalize() for _, _, name, _, _ in FATES)),
        rows=tuple(
            (
                f"{cluster.number}. {cluster.label}",
                f"{cluster.count:,}",
                *(f"{cluster.fates.get(fate, 0):,}" for fate, *_ in FATES),
            )
            for cluster in drawn.clusters
        ),
    )


def _trace(points: list[MapPoint], name: str, symbol: str, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{name} ({sum(point.count for point in points):,})",
        "x": [round(point.x, 4) for point in points],
        "y": [round(point.y, 4) for point in points],
        "ids": [f"subject-{point.cluster}" for point in points],  # tabs.js leads there
        "customdata": [_hover(point, name) for point in points],
        "hovertemplate": "%{customdata}<extra></extra>",
        "marker": {
            "symbol": symbol,
            "color": colour,
            "opacity": 0.85,
            "size": [round(min(_LARGEST, _SMALLEST + 4 * math.sqrt(point.count - 1)), 1) for point in points],
            "line": {"width": 1, "color": "rgba(255,255,255,0.6)"},
        },
    }


def _hover(point: MapPoint, name: str) -> str:
    times = "once" if point.count == 1 else f"{point.count:,} times"
    lines = textwrap.wrap(point.question, _LINE, max_lines=_LINES, placeholder=" …") or [point.question]
    # Plotly would read "%{" as a field of the template; in customdata it is text, and so are escaped tags.
    return "<br>".join([*(escape(line) for line in lines), f"{times}, mostly {name}; subject {point.cluster}"])


def _layout(named: list[MapCluster]) -> dict[str, Any]:
    axis = {"visible": False, "fixedrange": True, "range": [-0.04, 1.04]}
    return {
        "height": 480,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": _FONT, "size": 14},
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": _INK, "bordercolor": _INK, "align": "left", "font": {"color": "#ffffff"}},
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "itemsizing": "constant"},
        "margin": {"l": 4, "r": 4, "t": 56, "b": 4},
        "xaxis": axis,
        "yaxis": axis | {"range": [1.06, -0.06]},
        "annotations": [
            {
                "x": round(cluster.x, 4),
                "y": round(cluster.y, 4),
                "text": f'<a href="#subject-{cluster.number}" target="_self">{cluster.number}</a>',
                "showarrow": False,
                "yshift": 19,  # pixels upwards: the point below can be pointed at
                "bgcolor": "rgba(255,255,255,0.9)",  # tabs.css has the colours of both schemes
                "bordercolor": _INK,
                "borderpad": 2,
                "font": {"size": 13},
            }
            for cluster in named
        ],
    }
