"""Which topics that stand as not covered may a passage answer by now? For staff, after they wrote something."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from kbot.records import TopicKind
from kbot.search.retriever import readable
from kbot.search.topics import phrasing_ids
from kbot.text import terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kbot.records import Passage, Topic
    from kbot.search.index import SearchIndex

LEAST = 0.5  # the strength from which a topic is listed
_READ = 5  # phrasings of a topic, those nearest to the passage, that the cross-encoder reads with it
# A word says what a topic is about when so few passages have it: "ketamine" is in most passages, "drive" in none.
_FEW_PASSAGES = 3
_FEW_SHARE = 0.05
# Log-odds of the strength, set by hand on this repository's corpus: 282 topics that it does not cover give 2 hints,
# and passages written for four of them come first.
_PER_LOGIT, _PER_ASKED, _NEW, _BASE = 0.5, 3.0, 2.0, -2.0


@dataclass(frozen=True, slots=True)
class Hint:
    """A topic that stands as not covered, with the passage that may answer it."""

    topic: Topic
    passage: Passage
    strength: float  # (0, 1), higher is surer
    found: tuple[str, ...]  # the topic's own words for what is missing that the passage has
    phrasing: str  # the way of asking that the cross-encoder finds answered best
    logit: float  # of the cross-encoder, the median over the nearest phrasings; higher is better
    asked: float  # [0, 1], the share of the topic's phrasings that use one of those words
    new: bool  # no topic quotes the passage yet

    def why(self) -> str:
        """Return the reasons in words."""
        quoted = "no topic quotes it yet" if self.new else "other topics quote it"
        named = ", ".join(repr(word) for word in self.found)
        return (
            f"the passage has {named}, as {self.asked:.0%} of the phrasings; the cross-encoder gives "
            f"{self.logit:+.1f} (0 is even); {quoted}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the hint as plain values, for JSON."""
        return {
            "topic": self.topic.id,
            "about": self.topic.about,
            "missing": self.topic.missing,
            "strength": round(self.strength, 4),
            "passage": {
                "id": self.passage.id,
                "document": self.passage.document_id,
                "heading": list(self.passage.heading),
                "text": self.passage.text,
            },
            "words": list(self.found),
            "question": self.phrasing,
            "reranker": round(self.logit, 3),
            "asked": round(self.asked, 4),
            "new": self.new,
            "why": self.why(),
        }


def check_questions(index: SearchIndex, *, least: float = LEAST) -> list[Hint]:
    """Return the not-covered topics that a passage may answer, each with its best passage, strongest first.

    A passage is looked at where one of its sentences, or its headings, have all words of one of the topic's `words`
    (or of what is `missing`), and one of these is rare in the corpus. How strong the hint is then follows from the
    cross-encoder, from how many phrasings use these words, and from whether any topic quotes the passage already.
    """
    book = _PassageBook(index)
    vectors = dict(zip(*index.topics.vectors(), strict=True))
    hints = []
    for topic in index.topics.topics:
        if topic.kind is not TopicKind.NOT_COVERED:
            continue
        asked = np.stack([vectors[key] for key in phrasing_ids(topic)])
        found = [book.hint(topic, passage, words, asked) for passage, words in book.with_words_of(topic)]
        best = max(found, key=lambda hint: hint.strength, default=None)
        if best is not None and best.strength >= least:
            hints.append(best)
    return sorted(hints, key=lambda hint: -hint.strength)


class _PassageBook:
    """The passages, by their words."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index
        self._texts = {p.id: readable(p, index.documents[p.document_id].text) for p in index.passages.values()}
        self._units = {p.id: _units(p) for p in index.passages.values()}
        self._used = Counter(term for units in self._units.values() for term in frozenset().union(*units))
        self._few = max(_FEW_PASSAGES, _FEW_SHARE * len(index.passages))
        self._quoted = {quote.passage_id for topic in index.topics.topics for quote in topic.quotes}
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def with_words_of(self, topic: Topic) -> list[tuple[Passage, tuple[str, ...]]]:
        """Return the passages that have a word or phrase of the topic's missing concept, and which."""
        # "weight gain" and "gain weight" are one concept: the first wording names it.
        concepts = {frozenset(terms(phrase)): phrase for phrase in (topic.missing, *reversed(topic.words))}
        telling = {phrase: stems for stems, phrase in concepts.items() if any(map(self._rare, stems))}
        found = []
        for passage in self._index.passages.values():
            units = self._units[passage.id]
            words = tuple(phrase for phrase, stems in telling.items() if any(stems <= unit for unit in units))
            if words:
                found.append((passage, words))
        return found

    def hint(self, topic: Topic, passage: Passage, words: Sequence[str], asked: NDArray[np.float32]) -> Hint:
        """Weigh the passage against the topic's phrasings, given with their unit vectors."""
        nearest = np.argsort(-(asked @ self._vector(passage)))[:_READ]
        phrasings = [topic.phrasings[at] for at in nearest]
        logits = [self._index.reranker.score(text, [self._texts[passage.id]])[0] for text in phrasings]
        rare = {stem for phrase in words for stem in terms(phrase) if self._rare(stem)}
        share = sum(not rare.isdisjoint(terms(text)) for text in topic.phrasings) / len(topic.phrasings)
        new = passage.id not in self._quoted
        log_odds = _BASE + _PER_LOGIT * median(logits) + _PER_ASKED * share + _NEW * new
        best = phrasings[logits.index(max(logits))]
        return Hint(topic, passage, 1 / (1 + math.exp(-log_odds)), tuple(words), best, median(logits), share, new)

    def _rare(self, stem: str) -> bool:
        return 0 < self._used[stem] <= self._few

    def _vector(self, passage: Passage) -> NDArray[np.float32]:
        if passage.id not in self._vectors:
            self._vectors[passage.id] = self._index.encoder.encode([self._texts[passage.id]])[0]
        return self._vectors[passage.id]


def _units(passage: Passage) -> list[frozenset[str]]:
    """Return the stems of each sentence, and of the headings together."""
    sentences = [passage.text[span.start : span.end] for span in passage.sentences]
    return [frozenset(terms(text)) for text in (*sentences, " ".join(passage.heading))]


def render_hints(hints: Sequence[Hint], topics: int) -> str:
    """Return the hints as readable text. `topics` is how many not-covered topics were looked at."""
    if not hints:
        return f"None of the {topics} topics that stand as not covered seems to be answered by a passage now."
    lines = [f"{len(hints)} of the {topics} topics that stand as not covered may be answered by a passage now:"]
    for hint in hints:
        heading = " › ".join((hint.passage.document_id, *hint.passage.heading))
        lines += [
            "",
            f"{hint.strength:.2f}  {hint.topic.id}: {hint.topic.about}",
            textwrap.indent(textwrap.fill(hint.passage.text, 92), "      "),
            f"      ({heading})",
            textwrap.fill(f"why: {hint.why()}", 98, initial_indent=" " * 6, subsequent_indent=" " * 6),
            f'      try: kbot ask --why "{hint.phrasing}"',
        ]
    lines += ["", "Where a passage does answer: make the topic answered, and quote the sentence. Then build again."]
    return "\n".join(lines)
