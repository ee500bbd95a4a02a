"""The figures of the growth benchmark as a table and as charts, drawn from growth.json alone."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

# A colour and a dash each, so that lines can be told apart without colours, too.
_STYLE = {
    "flat": ("#1b1b1b", ""),
    "hnsw": ("#0b5fa5", ""),
    "hnsw-sq8": ("#0b5fa5", "6 3"),
    "ivf": ("#b3500f", ""),
    "ivf-sq8": ("#b3500f", "6 3"),
}
_OF_WIDTH = ("width", "p50_ms", "p50_cpu_ms", "recall_at_10")
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 400, 260, 56, 32, 34, 34


@dataclass(frozen=True, slots=True)
class _Panel:
    title: str
    key: str
    log: bool = True
    goal: float | None = None  # a dotted line


_PANELS = (
    _Panel("One search, p50, ms (80 results)", "p50_ms", goal=5.0),
    _Panel("Recall@10 against exact", "recall_at_10", log=False, goal=0.97),
    _Panel("Resident memory, MiB", "resident_mib", goal=2560.0),
    _Panel("Time to build, s", "build_s"),
)


def draw(results: Path) -> None:
    """Write growth.md and growth.svg into the folder of growth.json."""
    known = json.loads((results / "growth.json").read_text(encoding="utf-8"))
    (results / "growth.md").write_text(_table(known), encoding="utf-8")
    (results / "growth.svg").write_text(_charts(known["runs"]), encoding="utf-8")


def _table(known: dict[str, Any]) -> str:
    head = ["vectors", "kind", "build, s", "CPU of it, s", "opened, ms", "p50, ms", "CPU of it, ms", "p95, ms"]
    head += ["recall@10", "resident, MiB", "disk, MiB", "load"]
    lines = [
        "# Vector search from 1 thousand to 1 million vectors",
        "",
        f"Made by `python -m bench.growth` on {known['machine']}.",
        "Load is that of the machine by other work in the minute before a build: above 0.5, times are longer",
        "than those of a quiet machine; the time of the processor, recall and memory hold.",
        "",
        f"| {' | '.join(head)} |",
        "|---" * len(head) + "|",
    ]
    for run in known["runs"]:
        cells = [f"{run['size']:,}", run["kind"], run["build_s"], run["build_cpu_s"], run["load_ms"], run["p50_ms"]]
        cells += [
            run.get("p50_cpu_ms", "–"),
            run["p95_ms"],
            run["recall_at_10"],
            run["resident_mib"],
            run["disk_mib"],
            run["other_load"],
        ]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    lines += ["", "How wide a search looks, at the largest size of each kind:", ""]
    lines += ["| kind | vectors | width | p50, ms | CPU of it, ms | recall@10 |", "|---|---|---|---|---|---|"]
    for kind in _STYLE:
        runs = [run for run in known["runs"] if run["kind"] == kind]
        for width in runs[-1]["widths"] if runs else ():
            cells = [kind, f"{runs[-1]['size']:,}", *(width.get(k, "–") for k in _OF_WIDTH)]
            lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    lines += [
        "",
        "Cosines of neighbours at quantiles 5, 25, 50, 75 and 95 %; the 20,000 are really encoded texts:",
        "",
    ]
    lines += ["| vectors | nearest | tenth nearest | any two |", "|---|---|---|---|"]
    for size, groups in sorted(known["cosines"].items(), key=lambda pair: int(pair[0])):
        cells = ["  ".join(f"{value:.2f}" for value in groups[name]) for name in ("nearest", "tenth", "any two")]
        lines.append(f"| {int(size):,} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _charts(runs: list[dict[str, Any]]) -> str:
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _WIDTH} {2 * _HEIGHT + 30}" role="img">',
        '<g font-family="sans-serif" font-size="11">',
        "<title>Vector search by number of vectors and kind of index</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for number, panel in enumerate(_PANELS):
        parts.append(f'<g transform="translate({number % 2 * _WIDTH},{number // 2 * _HEIGHT})">')
        parts += _panel(panel, runs)
        parts.append("</g>")
    for number, (kind, (colour, dash)) in enumerate(_STYLE.items()):
        x, y = 40 + number * 125, 2 * _HEIGHT + 15
        parts.append(f'<path d="M{x} {y}h30" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>')
        parts.append(f'<text x="{x + 36}" y="{y + 4}">{kind}</text>')
    return "\n".join([*parts, "</g>", "</svg>"]) + "\n"


def _panel(panel: _Panel, runs: list[dict[str, Any]]) -> list[str]:
    values = [run[panel.key] for run in runs] + ([panel.goal] if panel.goal is not None else [])
    values = [value for value in values if value > 0 or not panel.log]
    if not values:
        return []
    low, high = (min(values), max(values)) if panel.log else (min(0.9, *values), 1.0)
    steps = _decades(low, high) if panel.log else [low, (low + high) / 2, high]
    low, high = min(low, steps[0]), max(high, steps[-1])

    def across(size: float) -> float:
        return _LEFT + (math.log10(size) - 3) / 3 * (_WIDTH - _LEFT - _RIGHT)

    def down(value: float) -> float:
        share = math.log(value / low) / math.log(high / low) if panel.log else (value - low) / (high - low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<text x="{_LEFT}" y="20" font-weight="bold">{escape(panel.title)}</text>']
    for step in steps:
        y = down(step)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{step:g}</text>')
    for size, name in ((1e3, "1,000"), (1e4, "10,000"), (1e5, "100,000"), (1e6, "1,000,000")):
        parts.append(f'<text x="{across(size):.1f}" y="{_HEIGHT - 14}" text-anchor="middle">{name}</text>')
    if panel.goal is not None:
        y = down(panel.goal)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#777777" stroke-dasharray="1 3"/>')
        parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{y - 4:.1f}" text-anchor="end" fill="#555555">goal</text>')
    for kind, (colour, dash) in _STYLE.items():
        points = [(across(r["size"]), down(max(r[panel.key], low))) for r in runs if r["kind"] == kind]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        if points:
            parts.append(
                f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
            )
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    return parts


def _decades(low: float, high: float) -> list[float]:
    return [10.0**power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
