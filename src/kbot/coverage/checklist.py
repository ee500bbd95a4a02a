"""What is covered before the first visitor came: the bank's topics, weighed by how many clinics' patients ask."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kbot.coverage.demand import read_demand, sites_of, topics_of
from kbot.evaluation import Rate
from kbot.records import Found, TopicKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kbot.coverage.demand import Subject
    from kbot.records import Answer, Topic
    from kbot.search.index import SearchIndex


class Status(StrEnum):
    """How far a topic is covered."""

    ANSWERED = "answered"
    PARTLY = "partly"  # the bot fails for some of the topic's own phrasings
    NOT_COVERED = "not_covered"
    PERSONAL = "personal"  # a clinician's matter, whatever the material says


_TO_WRITE = (Status.NOT_COVERED, Status.PARTLY)


@dataclass(frozen=True, slots=True)
class TopicCheck:
    """One topic of the bank."""

    topic: str
    about: str
    status: Status
    sites: int  # of the clinics whose pages were read; 0 where none of their subjects leads here
    phrasings: int
    failing: tuple[str, ...]  # phrasings of an answered topic that don't get one of its quotes
    missing: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """Every topic, those that most clinics' patients ask for first."""

    topics: tuple[TopicCheck, ...]
    unknown: tuple[Subject, ...]  # what patients ask elsewhere and no topic of the bank is about
    phrasings: Rate  # of answered topics: those that get one of the topic's quotes

    @property
    def counts(self) -> dict[Status, int]:
        """How many topics have each status."""
        return {status: sum(check.status is status for check in self.topics) for status in Status}

    @property
    def write_first(self) -> tuple[TopicCheck, ...]:
        """The topics that are not covered, or partly, which patients are known to ask for; the most asked first."""
        return tuple(check for check in self.topics if check.status in _TO_WRITE and check.sites)


def make_checklist(
    index: SearchIndex, ask: Callable[[str], Answer], *, track: Callable[[Sequence[Topic]], Iterable[Topic]] = iter
) -> Checklist:
    """Ask every phrasing of every answered topic, and return what came of it.

    The bot knows these phrasings, so a failure is certain and a success is not: how it does with words that it has
    never seen, `kbot evaluate` tells. `track` may show the progress over the topics.
    """
    topics = [topic for topic in index.topics.topics if topic.kind is not TopicKind.OFF_TOPIC]
    found = topics_of(read_demand(), index) if topics else {}
    sites = sites_of(found)
    checks = [_check(topic, sites.get(topic.id, 0), ask) for topic in track(topics)]
    asked = sum(check.phrasings for check in checks if check.status in {Status.ANSWERED, Status.PARTLY})
    failed = sum(len(check.failing) for check in checks)
    return Checklist(
        tuple(sorted(checks, key=lambda check: (-check.sites, check.topic))),
        tuple(subject for subject, ids in found.items() if not ids),
        Rate(asked - failed, asked),
    )


def _check(topic: Topic, sites: int, ask: Callable[[str], Answer]) -> TopicCheck:
    failing: tuple[str, ...] = ()
    match topic.kind:
        case TopicKind.ANSWERED:
            quoted = {quote.passage_id for quote in topic.quotes}
            failing = tuple(text for text in topic.phrasings if not _gets(ask(text), quoted))
            status = Status.PARTLY if failing else Status.ANSWERED
        case TopicKind.PERSONAL:
            status = Status.PERSONAL
        case _:
            status = Status.NOT_COVERED
    return TopicCheck(topic.id, topic.about, status, sites, len(topic.phrasings), failing, topic.missing)


def _gets(answer: Answer, quoted: set[str]) -> bool:
    return isinstance(answer, Found) and any(passage.id in quoted for passage in answer.passages)
