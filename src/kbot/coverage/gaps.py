"""What to write next: the questions that nothing answered, together by meaning and by the concept that is missing."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.coverage.clusters import cluster, merged
from kbot.coverage.draft import draft_entry, topic_name
from kbot.records import Outcome, Reason, TopicKind
from kbot.search.retriever import Retriever
from kbot.text import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.coverage.clusters import Cluster
    from kbot.coverage.period import Period
    from kbot.journal.entries import EntryFigures, JournalEntry
    from kbot.search.index import SearchIndex

# Mean cosine distance from which two groups of unanswered questions are two things to write.
_DISTANCE = 0.5
_MOST_EXAMPLES = 5
_LONGEST_CONCEPT = 60  # characters of a question that stands in for a concept without a name


@dataclass(frozen=True, slots=True)
class NearPassage:
    """The passage that is nearest to what was asked. It does not answer it."""

    id: str
    heading: tuple[str, ...]
    text: str
    cosine: float  # [-1, 1], higher is closer


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that visitors ask and nothing answers."""

    concept: str  # what is missing; where nothing named it, the most typical question
    count: int
    recent: int  # of these, in the second half of the period
    before: int  # of these, in its first half
    examples: tuple[str, ...]  # the most asked first
    nearest: NearPassage | None
    topic: str | None  # of the bank, that names the concept as missing already
    draft: str  # an entry for the question bank, YAML
    entries: tuple[int, ...]  # ids of the journal's entries, oldest first


def find_gaps(entries: Sequence[JournalEntry], index: SearchIndex, period: Period) -> list[Gap]:
    """Return the gaps, the most asked first. Entries that staff have handled are left out."""
    unanswered = [entry for entry in entries if is_unanswered(entry) and not entry.handled]
    groups = _together(cluster(unanswered, index, distance=_DISTANCE, by_concept=True))
    retriever = Retriever(index)
    taken = {topic.id for topic in index.topics.topics}
    known = {" ".join(words(text)) for topic in index.topics.topics for text in topic.phrasings}
    gaps = []
    for group in groups:
        name = topic_name(_label(group) or group.examples[0], taken)
        taken.add(name)  # so that all drafts together make one file
        fresh = [text for text in group.examples if " ".join(words(text)) not in known] or group.examples
        gaps.append(_gap(group, name, fresh, index, retriever, period))
    return sorted(gaps, key=lambda gap: (-gap.count, -gap.recent, gap.concept))


def is_unanswered(entry: JournalEntry | EntryFigures) -> bool:
    """Return True for a question that a text could have answered and none did."""
    return entry.outcome is Outcome.CLINICIAN and entry.reason is Reason.NOT_COVERED


def _together(clusters: Sequence[Cluster]) -> list[Cluster]:
    """Join the clusters that lack the same concept: to staff they are one thing to write."""
    by_concept: dict[str, list[Cluster]] = {}
    for number, group in enumerate(clusters):
        by_concept.setdefault(_concept(group) or f"\0{number}", []).append(group)
    return [merged(groups) if len(groups) > 1 else groups[0] for groups in by_concept.values()]


def _concept(group: Cluster) -> str | None:
    """Return what most of the questions lack, or None where no concept has the majority."""
    named = Counter(entry.missing[0] for entry in group.entries if entry.missing)
    if not named:
        return None
    concept, count = named.most_common(1)[0]
    return concept if 2 * count > len(group.entries) else None


def _label(group: Cluster) -> str | None:
    """Return the concept that most questions lack, or the two most frequent, or None where nothing named one."""
    named = Counter(entry.missing[0] for entry in group.entries if entry.missing)
    return _concept(group) or " / ".join(concept for concept, _ in named.most_common(2)) or None


def _gap(
    group: Cluster, name: str, fresh: Sequence[str], index: SearchIndex, retriever: Retriever, period: Period
) -> Gap:
    """`fresh` are the questions that are no phrasing of the bank yet: the draft is made of them."""
    concept, label = _concept(group), _label(group)
    topics = index.topics.topics
    known = next((t.id for t in topics if t.kind is TopicKind.NOT_COVERED and t.missing == concept), None)
    nearest = _nearest(group, retriever)
    recent = sum(entry.time >= period.middle for entry in group.entries)
    return Gap(
        concept=label or textwrap.shorten(group.examples[0], _LONGEST_CONCEPT, placeholder=" …"),
        count=len(group.entries),
        recent=recent,
        before=len(group.entries) - recent,
        examples=group.examples[:_MOST_EXAMPLES],
        nearest=nearest,
        topic=known,
        draft=draft_entry(name, label, fresh, known=known, nearest=nearest.id if nearest else None),
        entries=tuple(entry.id for entry in group.entries),
    )


def _nearest(group: Cluster, retriever: Retriever) -> NearPassage | None:
    candidates = retriever.search(group.examples[0], group.centre)
    if not candidates:
        return None
    best = max(candidates, key=lambda candidate: candidate.cosine)
    return NearPassage(best.passage.id, best.passage.heading, best.passage.text, best.cosine)
