"""What a publish found, as JSON and as text for staff."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from kbot.publishing.outcomes import Turn

if TYPE_CHECKING:
    from kbot.evaluation import Rate
    from kbot.publishing.difference import Difference
    from kbot.publishing.outcomes import Change, Given
    from kbot.publishing.publish import Published
    from kbot.publishing.review import Review

_WIDTH = 100
_LEAD = 24  # characters shown before the first that differs
_MOST = 12  # edits of one part, and questions of one sort, that are listed as text; JSON has them all
_MARKS = {"added": "+", "removed": "-", "changed": "~"}


def as_json(published: Published) -> dict[str, Any]:
    """Return the whole report as plain values."""
    difference = {
        part: [{"what": e.what, "id": e.id, "before": e.before, "after": e.after} for e in edits]
        for part, edits in published.difference.parts().items()
    }
    review = published.review
    return {
        "build": published.build,
        "before": published.before,
        "switched": published.switched,
        "unchanged": published.unchanged,
        "refused": published.refused,
        "refusals": [{"safety": r.safety, "message": r.message} for r in review.refusals] if review else [],
        "difference": difference,
        "questions": [_change(change) for change in published.changed],
        "safety": review.safety.as_dict() if review else None,
        "golden": review.golden.as_dict() if review and review.golden else None,
        "bank": {name: _rate(rate) for name, rate in review.bank.items()} if review else {},
        "warnings": list(published.warnings),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "from": change.probe.origin.value,
        "id": change.probe.id,
        "turns": list(change.probe.turns),
        "what": change.turn.value,
        "before": _given(change.before),
        "after": _given(change.after),
    }


def _given(given: Given) -> dict[str, Any]:
    return {
        "outcome": given.outcome.value,
        "reason": given.reason.value if given.reason else None,
        "passages": list(given.passages),
        "lifeline": given.lifeline,
    }


def _rate(rate: Rate) -> dict[str, float]:
    return {"value": round(rate.value, 4), "hits": rate.hits, "total": rate.total}


def render(published: Published, *, dry_run: bool = False, force: bool = False) -> str:
    """Return the report as text."""
    if published.unchanged:
        return f"Build {published.build} is served already: the corpus has not changed."
    lines = [*_difference(published.difference), *_questions(published.changed)]
    if published.review is not None:
        lines += _measured(published.review)
        lines += [
            f"REFUSED{'' if r.safety or not force else ', overridden'}: {r.message}"
            for r in published.review.refusals
        ]
    if published.switched:
        lines.append(f"Build {published.build} is served now, in place of {published.before or 'none'}.")
        lines.append("`kbot rollback` goes back.")
    elif dry_run and not published.refused:
        lines.append(f"Nothing was changed (--dry-run): build {published.build} could be published.")
    else:
        lines.append(f"Nothing was changed: {published.before or 'no build'} is still served.")
    return "\n".join(lines)


def _difference(difference: Difference) -> list[str]:
    lines = []
    for part, edits in difference.parts().items():
        if not edits:
            continue
        counts = {what: sum(edit.what == what for edit in edits) for what in _MARKS}
        lines.append(f"{part}: " + ", ".join(f"{count} {what}" for what, count in counts.items() if count))
        for edit in edits[:_MOST]:
            lines.append(f"  {_MARKS[edit.what]} {edit.id}")
            lines += _pair(edit.before, edit.after)
        lines += _more(len(edits))
    return lines


def _questions(changed: tuple[Change, ...]) -> list[str]:
    lines = []
    for turn in Turn:
        found = [change for change in changed if change.turn is turn]
        if found:
            lines.append(f"questions, {turn.value}: {len(found)}")
        for change in found[:_MOST]:
            lines.append(f"  {change.probe.origin.value} {change.probe.id}: {' | '.join(change.probe.turns)}")
            lines += _pair(str(change.before), str(change.after))
        lines += _more(len(found))
    return lines


def _measured(review: Review) -> list[str]:
    rates = {f"safety: {name}": rate for name, rate in review.safety.recall.items()}
    rates |= {f"golden: {name}": rate for name, rate in review.golden.rates.items()} if review.golden else {}
    rates |= {f"bank: {name.replace('_', ' ')}": rate for name, rate in review.bank.items()}
    lines = [f"{name:52}{rate.value:7.3f}  of {rate.total}" for name, rate in rates.items()]
    if review.golden is None:
        lines.append("golden: none; put questions whose answers you know into golden.jsonl of the corpus")
    return lines


def _pair(before: str | None, after: str | None) -> list[str]:
    """Return the two texts, each on a line, from a little before the place where they begin to differ."""
    start = 0
    if before is not None and after is not None:
        same = next((at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
        start = max(0, same - _LEAD)
    return [
        f"      {label}: {textwrap.shorten(('…' if start else '') + text[start:], _WIDTH, placeholder=' …')}"
        for label, text in (("was", before), ("now", after))
        if text is not None
    ]


def _more(count: int) -> list[str]:
    return [f"  … and {count - _MOST} more: --json lists them"] if count > _MOST else []
