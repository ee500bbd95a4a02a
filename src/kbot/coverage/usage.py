"""What became of the passages: which were never shown, which were shown and not liked; and answers to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.answering.gate import read_gates
from kbot.evaluation import Rate
from kbot.records import Outcome

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from kbot.journal.entries import EntryFigures, JournalEntry
    from kbot.search.index import SearchIndex

MARGIN = 0.15  # above the threshold: an answer of such a probability was barely given


@dataclass(frozen=True, slots=True)
class QueuedAnswer:
    """An answer that a person should look at."""

    id: int
    time: datetime.datetime
    question: str
    confidence: float  # [0, 1]
    passages: tuple[str, ...]  # ids, best first
    feedback: str


@dataclass(frozen=True, slots=True)
class PassageUse:
    """One passage and what visitors made of it."""

    id: str
    document: str
    heading: tuple[str, ...]
    text: str  # empty where the passage is no longer part of the corpus
    shown: int
    liked: Rate  # of the answers with it that somebody judged
    topics: int  # of the bank, that quote it


def threshold_of(index: SearchIndex) -> float:
    """Return the least probability that is shown as an answer, (0, 1)."""
    return read_gates()["bank" if len(index.topics) else "passages"].threshold


def near_misses(entries: Sequence[JournalEntry], threshold: float, *, margin: float = MARGIN) -> list[QueuedAnswer]:
    """Return the answers that were barely given, the least certain first; those handled are left out."""
    barely = [entry for entry in entries if is_near_miss(entry, threshold, margin=margin)]
    return [_queued(entry) for entry in sorted(barely, key=lambda e: (e.confidence, e.time, e.id))]


def unhelpful(entries: Sequence[JournalEntry]) -> list[QueuedAnswer]:
    """Return the answers that visitors marked as not helpful, the newest first; those handled are left out."""
    marked = [entry for entry in entries if is_unhelpful(entry)]
    return [_queued(entry) for entry in sorted(marked, key=lambda e: (e.time, e.id), reverse=True)]


def is_near_miss(entry: JournalEntry | EntryFigures, threshold: float, *, margin: float = MARGIN) -> bool:
    """True for an answer that was barely given and is not handled."""
    return _is_open_answer(entry) and threshold <= entry.confidence < threshold + margin


def is_unhelpful(entry: JournalEntry | EntryFigures) -> bool:
    """True for an answer that was marked as not helpful and is not handled."""
    return _is_open_answer(entry) and entry.helpful is False


def _is_open_answer(entry: JournalEntry | EntryFigures) -> bool:
    return entry.outcome is Outcome.ANSWER and not entry.handled


def _queued(entry: JournalEntry) -> QueuedAnswer:
    ids = tuple(passage.id for passage in entry.passages)
    return QueuedAnswer(entry.id, entry.time, entry.question, entry.confidence, ids, entry.feedback)


def passage_use(entries: Sequence[JournalEntry], index: SearchIndex) -> list[PassageUse]:
    """Return every passage in reading order; those shown that are no longer part of the corpus come last."""
    shown: dict[str, list[JournalEntry]] = {passage_id: [] for passage_id in index.passages}
    for entry in entries:
        for passage in entry.passages:
            shown.setdefault(passage.id, []).append(entry)
    quoting: dict[str, set[str]] = {}
    for topic in index.topics.topics:
        for quote in topic.quotes:
            quoting.setdefault(quote.passage_id, set()).add(topic.id)
    uses = []
    for passage_id, showing in shown.items():
        known = index.passages.get(passage_id)
        said = [entry.helpful for entry in showing if entry.helpful is not None]
        uses.append(
            PassageUse(
                passage_id,
                known.document_id if known else passage_id.partition("#")[0],
                known.heading if known else (),
                known.text if known else "",
                len(showing),
                Rate(sum(said), len(said)),
                len(quoting.get(passage_id, ())),
            )
        )
    return uses


def never_shown(uses: Sequence[PassageUse]) -> list[PassageUse]:
    """Return the passages that nobody was shown, in reading order."""
    return [use for use in uses if use.shown == 0]


def disliked(uses: Sequence[PassageUse]) -> list[PassageUse]:
    """Return the passages that somebody found unhelpful, the most often marked first, then the worst share."""
    marked = [use for use in uses if use.liked.hits < use.liked.total]
    return sorted(marked, key=lambda use: (use.liked.hits - use.liked.total, use.liked.value, use.id))
