"""The coverage report as clinic staff read it on a terminal. What visitors typed loses its control characters."""

from __future__ import annotations

import datetime
import textwrap
from typing import TYPE_CHECKING

from kbot.coverage.as_json import MADE_UP
from kbot.coverage.checklist import Status
from kbot.records import Outcome
from kbot.text import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kbot.coverage.activity import Day
    from kbot.coverage.checklist import Checklist
    from kbot.coverage.report import CoverageReport
    from kbot.coverage.usage import PassageUse, QueuedAnswer
    from kbot.evaluation import Rate

_WIDTH = 92
_MOST = 10  # lines of one list; the rest is in --json and --csv
_BAR = 24
_MOST_DAILY = 31  # days of a period that is shown day by day
_COLUMNS = (Outcome.ANSWER, Outcome.CLINICIAN, Outcome.GREETING, Outcome.CRISIS, Outcome.EMERGENCY)
_STATUS = {
    Status.ANSWERED: "answered",
    Status.PARTLY: "partly",
    Status.NOT_COVERED: "not covered",
    Status.PERSONAL: "personal: a clinician's matter",
}


def render_report(report: CoverageReport) -> str:
    """Return the report as text: the figures, then what to do, the most worthwhile first."""
    parts = [_head(report)]
    if not report.empty:
        parts += [
            _section("What to write next", _gaps(report)),
            _section("Asked most", _top(report)),
            _section("Why questions went to a clinician", _reasons(report)),
            _section(
                f"Answered, but barely (from the threshold {report.threshold:.2f} on)", _queue(report.near_misses)
            ),
            _section("Answers marked as not helpful", _queue(report.unhelpful)),
            _section("Passages that were shown and not liked", _disliked(report)),
            _section("Passages that were never shown", _never_shown(report)),
            _section("Day by day" if len(report.period.days) <= _MOST_DAILY else "Week by week", _calendar(report)),
        ]
    if report.checklist is not None:
        parts.append(_section("Checklist: the topics of the question bank", _checklist(report.checklist)))
    if report.made_up:
        parts.append(f"({MADE_UP}: nobody asked any of this)")
    return "\n\n".join(parts)


def _head(report: CoverageReport) -> str:
    activity, period = report.activity, report.period
    lines = [f"*** {MADE_UP.upper()}: nobody asked any of this ***"] if report.made_up else []
    lines.append(
        f"Coverage from {period.since} to {period.until} (UTC, {len(period.days)} days), build {report.build}"
    )
    if report.empty:
        lines.append("  Nobody has asked anything in this period.")
        return "\n".join(lines)
    counts = activity.outcomes
    questions = counts[Outcome.ANSWER] + counts[Outcome.CLINICIAN]
    urgent = f"{counts[Outcome.CRISIS]} messages in a crisis, {counts[Outcome.EMERGENCY]} emergencies (only counted)"
    lines += [
        f"  {questions} questions, {counts[Outcome.GREETING]} greetings; {urgent}",
        f"  answered, of all questions                {_rate(activity.answered)}",
        f"  answered, of those a text could answer    {_rate(activity.covered)}",
    ]
    if activity.feedback.total:
        lines.append(f"  helpful, of the answers that were judged  {_rate(activity.feedback)}")
    return "\n".join(lines)


def _rate(rate: Rate) -> str:
    low, high = rate.interval()
    return f"{rate.value:5.1%}  ({low:.1%} to {high:.1%}; {rate.hits} of {rate.total})"


def _section(title: str, lines: Iterator[str]) -> str:
    body = "\n".join(lines)
    return f"{title}\n{'-' * len(title)}\n{body or '  Nothing found.'}"


def _item(text: str, indent: int = 2) -> str:
    space = " " * indent
    return textwrap.fill(normalise(text), _WIDTH, initial_indent=space, subsequent_indent=space + "  ")


def _rest(items: Sequence[object]) -> Iterator[str]:
    if len(items) > _MOST:
        yield f"  … and {len(items) - _MOST} more: --json or --csv lists them all"


def _gaps(report: CoverageReport) -> Iterator[str]:
    for number, gap in enumerate(report.gaps[:_MOST], 1):
        yield _item(f"{number}. {gap.concept}: {gap.count} times, {_trend(gap.before, gap.recent)}")
        for example in gap.examples[:3]:
            yield _item(f"“{example}”", 5)
        if gap.topic:
            yield _item(f"in the bank as '{gap.topic}', not covered", 5)
        if gap.nearest:
            yield _item(f"nearest: {_place(gap.nearest.heading)} (cosine {gap.nearest.cosine:.2f})", 5)
    yield from _rest(report.gaps)
    if report.gaps:
        yield _item("--csv FOLDER writes an entry for the question bank for each of them into drafts.yaml.")


def _trend(before: int, recent: int) -> str:
    word = "more" if recent > before else "fewer" if recent < before else "as before"
    return f"{word}: {before} in the first half of the period, {recent} in the second"


def _top(report: CoverageReport) -> Iterator[str]:
    for top in report.top[:_MOST]:
        wordings = f", in {top.wordings} wordings" if top.wordings > 1 else ""
        yield _item(f"{top.count:4}  {top.question}  [{top.answered / top.count:.0%} answered{wordings}]")


def _reasons(report: CoverageReport) -> Iterator[str]:
    for reason, rate in report.activity.reasons.items():
        yield f"  {reason.value.replace('_', ' '):22}{rate.hits:5}  {rate.value:6.1%}"


def _queue(answers: Sequence[QueuedAnswer]) -> Iterator[str]:
    for answer in answers[:_MOST]:
        yield _item(f"{answer.confidence:.2f}  {answer.question}  [entry {answer.id}, {answer.time:%Y-%m-%d}]")
        yield _item(f"shown: {answer.passages[0]}" if answer.passages else "nothing was shown", 8)
        if answer.feedback:
            yield _item(f"visitor: “{answer.feedback}”", 8)
    yield from _rest(answers)


def _disliked(report: CoverageReport) -> Iterator[str]:
    for use in report.disliked[:_MOST]:
        unhelpful = use.liked.total - use.liked.hits
        yield _item(f"{use.id}: {unhelpful} of {use.liked.total} found it unhelpful; shown {use.shown} times")
    yield from _rest(report.disliked)


def _never_shown(report: CoverageReport) -> Iterator[str]:
    by_document: dict[str, list[PassageUse]] = {}
    for use in report.never_shown:
        by_document.setdefault(use.document, []).append(use)
    if report.never_shown:
        yield f"  {len(report.never_shown)} of {len(report.passages)} passages:"
    for document, uses in by_document.items():
        yield f"  {document} ({len(uses)})"
        for use in uses[:_MOST]:
            why = "" if use.topics else "  [no topic of the bank quotes it]"
            yield _item(f"{_place(use.heading)}: {textwrap.shorten(use.text, 60, placeholder=' …')}{why}", 4)
        yield from _rest(uses)


def _place(heading: Sequence[str]) -> str:
    return heading[-1] if heading else "(no heading)"


def _calendar(report: CoverageReport) -> Iterator[str]:
    days = report.activity.days
    rows = [(str(day.day), [day]) for day in days]
    if len(days) > _MOST_DAILY:
        weeks: dict[datetime.date, list[Day]] = {}
        for day in days:
            weeks.setdefault(day.day - datetime.timedelta(days=day.day.weekday()), []).append(day)
        rows = [(str(monday), group) for monday, group in weeks.items()]
    most = max(sum(day.total for day in group) for _, group in rows) or 1
    yield f"  {'':12}{''.join(f'{outcome.value:>10}' for outcome in _COLUMNS)}"
    for name, group in rows:
        counts = [sum(day.outcomes[outcome] for day in group) for outcome in _COLUMNS]
        bar = "█" * round(_BAR * counts[0] / most) + "░" * round(_BAR * counts[1] / most)
        yield f"  {name:12}{''.join(f'{count:10}' for count in counts)}  {bar}".rstrip()
    yield "  █ answered  ░ to a clinician"


def _checklist(checklist: Checklist) -> Iterator[str]:
    for status, count in checklist.counts.items():
        yield f"  {count:4}  {_STATUS[status]}"
    rate = checklist.phrasings
    yield f"  The bank's own phrasings of answered topics get their answer in {rate.hits} of {rate.total} cases."
    if not checklist.topics:
        yield _item("There is no question bank: corpus/README.md tells how to write one.")
        return
    yield ""
    yield "  What to write first, by the number of clinics' sites on which patients find it:"
    for check in checklist.write_first[: 2 * _MOST]:
        failing = f": fails for {len(check.failing)} of {check.phrasings} phrasings" if check.failing else ""
        yield _item(f"{check.sites:4}  {check.about}  [{_STATUS[check.status]}{failing}]")
    if len(checklist.write_first) > 2 * _MOST:
        yield f"  … and {len(checklist.write_first) - 2 * _MOST} more: --json or --csv lists them all"
    if checklist.unknown:
        yield ""
        yield "  Asked elsewhere, and no topic of the bank is about it:"
        for subject in checklist.unknown[:_MOST]:
            yield _item(f"{subject.sites:4}  {subject.name}")
        yield from _rest(checklist.unknown)
    partly = [check for check in checklist.topics if check.failing and not check.sites]
    if partly:
        yield ""
        yield "  Answered only in part, and not known how often it is asked:"
        for check in partly[:_MOST]:
            yield _item(f"{check.about}: fails for “{check.failing[0]}” ({len(check.failing)} of {check.phrasings})")
        yield from _rest(partly)
