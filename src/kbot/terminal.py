"""Answers and score cards as a terminal shows them."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, assert_never

from kbot.records import Answer, Fallback, Found, Resource, ShownPassage

if TYPE_CHECKING:
    from kbot.calibration import Calibration
    from kbot.evaluation import ScoreCard

_WIDTH = 92


def render(answer: Answer, *, why: bool = False) -> str:
    """Return an answer as readable text. Bold marks the sentence that answers, on a terminal only."""
    lines = [_wrap(answer.message)]
    match answer:
        case Found():
            lines += [_passage(passage) for passage in answer.passages]
            lines += [_person(person) for person in answer.resources]
            lines += [f"  You could also ask: {suggestion}" for suggestion in answer.suggestions]
        case Fallback():
            lines += [_person(person) for person in answer.resources]
            if answer.related:
                lines.append("This may interest you, but it does not answer the question:")
                lines += [_passage(passage) for passage in answer.related]
            lines += [f"  You could ask: {suggestion}" for suggestion in answer.suggestions]
        case _:
            assert_never(answer)
    if why:
        lines.append(f"[{answer.trigger or 'no trigger'}; confidence {answer.confidence:.2f}]")
    return "\n\n".join(lines)


def _passage(passage: ShownPassage) -> str:
    start, end = passage.highlight
    text = passage.text
    if sys.stdout.isatty():
        text = f"{text[:start]}\033[1m{text[start:end]}\033[0m{text[end:]}"
    body = textwrap.indent(_wrap(text), "  ")
    heading = " › ".join(passage.heading)
    lead_in = textwrap.indent(_wrap(passage.lead_in), "  ") + "\n" if passage.lead_in else ""
    where = passage.source.url or passage.source.page
    return f"{lead_in}{body}\n  ({passage.source.kind.value}: {heading})\n  {where}"


def _person(person: Resource) -> str:
    ways = [
        f"call {person.call}" if person.call else "",
        f"text {person.text}" if person.text else "",
        person.url or "",
    ]
    return f"  {person.name}: {', '.join(way for way in ways if way)}"


def _wrap(text: str) -> str:
    return "\n".join(textwrap.fill(line, _WIDTH) for line in text.splitlines())


def render_score_card(card: ScoreCard, *, errors: bool = False) -> str:
    """Return a score card as a table, with every mistake below it where asked for."""
    lines = [f"{'':46}{'rate':>7}  {'95 % interval':17}{'of':>5}"]
    for name, rate in card.rates.items():
        low, high = rate.interval()
        lines.append(f"{name:46}{rate.value:7.3f}  {low:.3f} to {high:.3f}   {rate.total:5}")
    if card.auc is not None:
        lines.append(f"{'area under the curve, answerable : near miss':46}{card.auc:7.3f}")
    if card.calibration_error is not None:
        lines.append(f"{'expected calibration error':46}{card.calibration_error:7.3f}")
    lines.append(f"{'one question, p50 and p95':46}{card.p50_ms:7.1f} ms and {card.p95_ms:.1f} ms")
    if errors:
        for m in card.mistakes:
            lines.append(f"\n{m.id} ({m.kind}) {m.what}: {m.question}\n    {m.shown}\n    {m.trigger}")
    return "\n".join(lines)


def render_calibration(calibration: Calibration) -> str:
    """Return a fitted gate with the figures that say how far it can be trusted."""
    lines = [f"{'intercept':28}{calibration.coefficients.intercept:9.4f}"]
    lines += [f"{name:28}{weight:9.4f}" for name, weight in calibration.coefficients.weights.items()]
    spread = f"{min(calibration.thresholds):.2f} to {max(calibration.thresholds):.2f}"
    lines.append(f"{'threshold':28}{calibration.threshold:9.2f}   (in the nested folds {spread})")
    lines.append(f"{'held-out phrasings, AUC':28}{calibration.held_out_auc:9.4f}")
    for name, rate in (
        ("topics left out, answered", calibration.unseen),
        ("nested: answered", calibration.nested_answered),
        ("nested: answered wrongly", calibration.nested_wrong),
        ("nested: others answered", calibration.nested_near_misses),
    ):
        low, high = rate.interval()
        lines.append(f"{name:28}{rate.value:9.3f}   {low:.3f} to {high:.3f}   of {rate.total}")
    return "\n".join(lines)
