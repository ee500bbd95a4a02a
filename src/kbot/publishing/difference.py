"""What a new build changes: documents, passages, topics, the clinic's facts and the fixed replies."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.answering.replies import read_replies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kbot.records import Passage, Topic
    from kbot.search.index import SearchIndex

_SAME_PASSAGE = 0.5  # share of characters in common from which two texts under one heading are an edit, [0, 1]


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing that differs. `before` is None where it is new, `after` where it is gone."""

    id: str
    before: str | None
    after: str | None

    @property
    def what(self) -> str:
        """Return "added", "removed" or "changed"."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that a visitor could notice, part by part."""

    documents: tuple[Edit, ...] = ()  # by title
    passages: tuple[Edit, ...] = ()  # by text
    topics: tuple[Edit, ...] = ()  # by what they say: kind, number of phrasings, quotes
    facts: tuple[Edit, ...] = ()  # of clinic.toml
    replies: tuple[Edit, ...] = ()  # the fixed wording

    def parts(self) -> dict[str, tuple[Edit, ...]]:
        """Return the edits by the name of their part."""
        return {
            "documents": self.documents,
            "passages": self.passages,
            "topics": self.topics,
            "facts": self.facts,
            "replies": self.replies,
        }

    @property
    def empty(self) -> bool:
        """True where nothing differs."""
        return not any(self.parts().values())


def compare(old: SearchIndex, new: SearchIndex) -> Difference:
    """Return what the new build changes."""
    texts = ({key: d.text for key, d in index.documents.items()} for index in (old, new))
    changed = _edits(*texts)
    titles = [{key: f"{d.title} ({d.kind})" for key, d in index.documents.items()} for index in (old, new)]
    documents = tuple(Edit(edit.id, titles[0].get(edit.id), titles[1].get(edit.id)) for edit in changed)
    return Difference(
        documents=documents,
        passages=_passages(old.passages, new.passages),
        topics=_edits({t.id: _said(t) for t in old.topics.topics}, {t.id: _said(t) for t in new.topics.topics}),
        facts=_edits(old.clinic.as_dict(), new.clinic.as_dict()),
        replies=_edits(read_replies(old.clinic).texts, read_replies(new.clinic).texts),
    )


def _edits(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Edit, ...]:
    return tuple(
        Edit(key, old.get(key), new.get(key)) for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)
    )


def _passages(old: Mapping[str, Passage], new: Mapping[str, Passage]) -> tuple[Edit, ...]:
    """Return added, removed and changed passages. An id follows from the text: an edit makes a new passage of it."""
    gone = [passage for key, passage in old.items() if key not in new]
    edits = []
    for passage in (passage for key, passage in new.items() if key not in old):
        before = max(gone, key=lambda other: _likeness(other, passage), default=None)
        if before is None or _likeness(before, passage) < _SAME_PASSAGE:
            edits.append(Edit(passage.id, None, passage.text))
        else:
            gone.remove(before)
            edits.append(Edit(passage.id, before.text, passage.text))
    return (*edits, *(Edit(passage.id, passage.text, None) for passage in gone))


def _likeness(one: Passage, other: Passage) -> float:
    if one.document_id != other.document_id or one.heading != other.heading:
        return 0.0
    return difflib.SequenceMatcher(None, one.text, other.text, autojunk=False).ratio()


def _said(topic: Topic) -> str:
    parts = [topic.kind.value.replace("_", " "), f"{len(topic.phrasings)} phrasings: {' / '.join(topic.phrasings)}"]
    if topic.missing:
        parts.append(f"missing: {topic.missing}")
    if topic.quotes:
        parts.append("quotes " + ", ".join(f"{q.passage_id}[{q.span.start}:{q.span.end}]" for q in topic.quotes))
    return "; ".join(parts)
