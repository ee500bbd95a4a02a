"""The report as plain values, for JSON: what `kbot coverage --json` prints. A key that is there stays there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kbot.coverage.checklist import Checklist
    from kbot.coverage.gaps import Gap
    from kbot.coverage.report import CoverageReport
    from kbot.coverage.usage import PassageUse, QueuedAnswer
    from kbot.evaluation import Rate

MADE_UP = "made-up demo data"
_MOST_FAILING = 5


def as_json(report: CoverageReport) -> dict[str, Any]:
    """Return the report with every number that the text shows, and more."""
    activity = report.activity
    return {
        "note": MADE_UP if report.made_up else None,
        "made_up": report.made_up,
        "build": report.build,
        "period": {
            "since": report.period.since.isoformat(),
            "until": report.period.until.isoformat(),
            "days": len(report.period.days),
        },
        "entries": report.entries,
        "outcomes": {outcome.value: count for outcome, count in activity.outcomes.items()},
        "days": [
            {"day": day.day.isoformat(), **{outcome.value: count for outcome, count in day.outcomes.items()}}
            for day in activity.days
        ],
        "answered": _rate(activity.answered),
        "covered": _rate(activity.covered),
        "helpful": _rate(activity.feedback),
        "reasons": [{"reason": reason.value, **_rate(rate)} for reason, rate in activity.reasons.items()],
        "top_questions": [
            {"question": top.question, "count": top.count, "answered": top.answered, "wordings": top.wordings}
            for top in report.top
        ],
        "write_next": [_gap(gap) for gap in report.gaps],
        "threshold": report.threshold,
        "near_misses": [_queued(answer) for answer in report.near_misses],
        "unhelpful": [_queued(answer) for answer in report.unhelpful],
        "never_shown": [_use(use) for use in report.never_shown],
        "disliked": [_use(use) for use in report.disliked],
        "checklist": None if report.checklist is None else _checklist(report.checklist),
    }


def _rate(rate: Rate) -> dict[str, Any]:
    low, high = rate.interval()
    return {
        "value": round(rate.value, 4),
        "hits": rate.hits,
        "total": rate.total,
        "low": round(low, 4),
        "high": round(high, 4),
    }


def _gap(gap: Gap) -> dict[str, Any]:
    nearest = gap.nearest
    return {
        "concept": gap.concept,
        "count": gap.count,
        "recent": gap.recent,
        "before": gap.before,
        "trend": gap.recent - gap.before,
        "examples": list(gap.examples),
        "topic": gap.topic,
        "nearest": None
        if nearest is None
        else {
            "id": nearest.id,
            "heading": list(nearest.heading),
            "text": nearest.text,
            "cosine": round(nearest.cosine, 4),
        },
        "draft": gap.draft,
        "entries": list(gap.entries),
    }


def _queued(answer: QueuedAnswer) -> dict[str, Any]:
    return {
        "id": answer.id,
        "time": answer.time.isoformat(timespec="seconds"),
        "question": answer.question,
        "confidence": round(answer.confidence, 4),
        "passages": list(answer.passages),
        "feedback": answer.feedback,
    }


def _use(use: PassageUse) -> dict[str, Any]:
    return {
        "id": use.id,
        "document": use.document,
        "heading": list(use.heading),
        "text": use.text,
        "shown": use.shown,
        "helpful": use.liked.hits,
        "unhelpful": use.liked.total - use.liked.hits,
        "topics": use.topics,
    }


def _checklist(checklist: Checklist) -> dict[str, Any]:
    return {
        "counts": {status.value: count for status, count in checklist.counts.items()},
        "phrasings": _rate(checklist.phrasings),
        "write_first": [check.topic for check in checklist.write_first],
        "unknown": [{"subject": subject.name, "sites": subject.sites} for subject in checklist.unknown],
        "topics": [
            {
                "topic": check.topic,
                "about": check.about,
                "status": check.status.value,
                "sites": check.sites,
                "phrasings": check.phrasings,
                "failing": len(check.failing),
                "failing_examples": list(check.failing[:_MOST_FAILING]),
                "missing": check.missing or None,
            }
            for check in checklist.topics
        ],
    }
