"""Coverage by document: every passage where it stands, with what visitors made of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kbot.evaluation import Rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.coverage.usage import PassageUse
    from kbot.records import Document, Passage, Topic
    from kbot.search.index import SearchIndex

_FEWEST_OFTEN = 2  # times: with fewer showings in the whole period, nothing was shown often
_OFTEN = 2.0  # of the mean over the passages that were shown: from then on a passage is shown often
_DISLIKED = 1 / 3  # of those who judged a passage, who said that it was not helpful


class Use(StrEnum):
    """What became of a passage in a period."""

    NEVER = "never"
    SHOWN = "shown"
    OFTEN = "often"
    DISLIKED = "disliked"  # whatever else it is: this is what to look at first


@dataclass(frozen=True, slots=True)
class UsedPassage:
    """A passage with its use."""

    number: int  # from 1, in the order of its document
    passage: Passage
    use: Use
    shown: int
    liked: Rate  # of the answers with it that somebody judged
    topics: tuple[Topic, ...]  # of the bank, that quote it


@dataclass(frozen=True, slots=True)
class DocumentUse:
    """A document with the use of every passage of it."""

    document: Document
    passages: tuple[UsedPassage, ...]  # in reading order; empty where it is not used in answers

    @property
    def shown(self) -> int:
        """How often its passages were shown, all together."""
        return sum(each.shown for each in self.passages)

    @property
    def used(self) -> Rate:
        """The passages that were shown at all, of all."""
        return Rate(sum(each.shown > 0 for each in self.passages), len(self.passages))

    @property
    def liked(self) -> Rate:
        """The judged showings that were found helpful, of all judged."""
        hits, total = sum(e.liked.hits for e in self.passages), sum(e.liked.total for e in self.passages)
        return Rate(hits, total)

    def count(self, use: Use) -> int:
        """Return how many passages have this use."""
        return sum(each.use is use for each in self.passages)


@dataclass(frozen=True, slots=True)
class DocumentUses:
    """Every document of the corpus, in its order."""

    documents: tuple[DocumentUse, ...]
    often: int  # times: from here on a passage counts as shown often
    shown: int  # passages shown, all together; some may be of passages that are gone from the corpus

    def share(self, document: DocumentUse) -> Rate:
        """Return how much of all that was shown is of this document."""
        return Rate(document.shown, self.shown)

    def __getitem__(self, document_id: str) -> DocumentUse:
        """Return the use of one document.

        Raises:
            KeyError: there is no such document.
        """
        for each in self.documents:
            if each.document.id == document_id:
                return each
        raise KeyError(document_id)


def use_by_document(uses: Sequence[PassageUse], index: SearchIndex) -> DocumentUses:
    """Return the use of every document, from the use of the passages (`usage.passage_use`)."""
    often = _often([use.shown for use in uses])
    quoting: dict[str, list[Topic]] = {}
    for topic in index.topics.topics:
        for passage_id in dict.fromkeys(quote.passage_id for quote in topic.quotes):
            quoting.setdefault(passage_id, []).append(topic)
    by_document: dict[str, list[UsedPassage]] = {document_id: [] for document_id in index.documents}
    for use in uses:
        passage = index.passages.get(use.id)
        if passage is None:
            continue
        of_document = by_document[passage.document_id]
        of_document.append(
            UsedPassage(
                len(of_document) + 1,
                passage,
                _use(use, often),
                use.shown,
                use.liked,
                tuple(quoting.get(use.id, ())),
            )
        )
    documents = tuple(DocumentUse(index.documents[id_], tuple(passages)) for id_, passages in by_document.items())
    return DocumentUses(documents, often, sum(use.shown for use in uses))


def _often(shown: Sequence[int]) -> int:
    """Return from how many showings on a passage counts as shown often."""
    counts = [count for count in shown if count]
    mean = sum(counts) / len(counts) if counts else 0.0
    return max(_FEWEST_OFTEN, math.ceil(_OFTEN * mean))


def _use(use: PassageUse, often: int) -> Use:
    against = use.liked.total - use.liked.hits
    if against and against >= _DISLIKED * use.liked.total:
        return Use.DISLIKED
    if not use.shown:
        return Use.NEVER
    return Use.OFTEN if use.shown >= often else Use.SHOWN
