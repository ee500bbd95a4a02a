"""The coverage report: from the journal's entries and the index to what staff should know and do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kbot.coverage.activity import Activity, measure
from kbot.coverage.clusters import cluster
from kbot.coverage.gaps import Gap, find_gaps
from kbot.coverage.usage import (
    PassageUse,
    QueuedAnswer,
    disliked,
    near_misses,
    never_shown,
    passage_use,
    threshold_of,
    unhelpful,
)
from kbot.records import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.coverage.checklist import Checklist
    from kbot.coverage.period import Period
    from kbot.journal.entries import JournalEntry, ReadsJournal, UrgentCount
    from kbot.search.index import SearchIndex

# Questions nearer than this on the mean are one question in other words.
_SAME = 0.3
_MOST_TOP = 20
_ASKS = (Outcome.ANSWER, Outcome.CLINICIAN)


@dataclass(frozen=True, slots=True)
class TopQuestion:
    """A question that is asked often, in whatever words."""

    question: str  # the most frequent wording
    count: int
    answered: int
    wordings: int  # how many different ones


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """What was asked in a period, what could be answered, and what to write next."""

    period: Period
    build: str  # of the index that the report was made with
    made_up: bool  # True: the journal is a demo, nobody asked any of this
    entries: int
    threshold: float  # (0, 1): the least probability that is shown as an answer
    activity: Activity
    top: tuple[TopQuestion, ...]
    gaps: tuple[Gap, ...]
    near_misses: tuple[QueuedAnswer, ...]
    unhelpful: tuple[QueuedAnswer, ...]
    passages: tuple[PassageUse, ...]  # every one, in reading order
    checklist: Checklist | None = None  # None: not asked for

    @property
    def empty(self) -> bool:
        """True where nobody asked anything in the period."""
        return not any(self.activity.outcomes.values())

    @property
    def never_shown(self) -> list[PassageUse]:
        """Passages that nobody was shown, in reading order."""
        return never_shown(self.passages)

    @property
    def disliked(self) -> list[PassageUse]:
        """Passages that somebody found unhelpful, the most often first."""
        return disliked(self.passages)


def make_report(journal: ReadsJournal | None, index: SearchIndex, period: Period) -> CoverageReport:
    """Return the report on a period; without a journal it is an empty one."""
    entries: Sequence[JournalEntry] = ()
    urgent: Sequence[UrgentCount] = ()
    if journal is not None:
        entries = journal.entries(period.start, period.end)
        urgent = journal.urgent(period.start.date(), period.end.date())
    threshold = threshold_of(index)
    return CoverageReport(
        period=period,
        build=index.manifest.build,
        made_up=journal is not None and journal.made_up,
        entries=len(entries),
        threshold=threshold,
        activity=measure(entries, urgent, period),
        top=tuple(_top(entries, index)),
        gaps=tuple(find_gaps(entries, index, period)),
        near_misses=tuple(near_misses(entries, threshold)),
        unhelpful=tuple(unhelpful(entries)),
        passages=tuple(passage_use(entries, index)),
    )


def with_checklist(report: CoverageReport, checklist: Checklist) -> CoverageReport:
    """Return the report with the checklist."""
    return replace(report, checklist=checklist)


def _top(entries: Sequence[JournalEntry], index: SearchIndex) -> list[TopQuestion]:
    asked = [e for e in entries if e.outcome in _ASKS and e.reason is not Reason.ASKED_FOR_A_PERSON]
    found = []
    for group in cluster(asked, index, distance=_SAME)[:_MOST_TOP]:
        outcomes = Counter(entry.outcome for entry in group.entries)
        question, answered = group.examples[0], outcomes[Outcome.ANSWER]
        found.append(TopQuestion(question, len(group.entries), answered, len(group.examples)))
    return found
