"""The question bank, searchable: which topic does a question belong to, and how near is the nearest phrasing?"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from kbot.errors import IndexDamagedError
from kbot.records import Quote, Span, Topic, TopicKind
from kbot.search.vectors import FaissStore
from kbot.text import terms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_FEWEST_FOR_SPACING = 20
_MOST_FOR_SPACING = 1000  # phrasings that are compared with all others
_MARK = "~"  # a phrasing's id is "<topic>~<number>"


@dataclass(frozen=True, slots=True)
class TopicMatch:
    """What the bank says of one question."""

    probabilities: NDArray[np.float64]  # a topic each, in the bank's order; they sum to 1
    nearest: dict[str, float]  # topic -> cosine of its nearest phrasing, of the topics near enough to be found


class TopicIndex:
    """Topics with the vectors of their phrasings and, where there are enough topics, a classifier over them."""

    def __init__(
        self,
        topics: Sequence[Topic],
        store: FaissStore,
        head: NDArray[np.float32] | None,
        terms_of: Sequence[frozenset[str]] | None = None,
    ) -> None:
        """`terms_of` are the stems of each topic's phrasings, where they are known already."""
        self.topics = tuple(topics)
        self.terms = (
            tuple(frozenset(stem for text in topic.phrasings for stem in terms(text)) for topic in topics)
            if terms_of is None
            else tuple(terms_of)
        )
        self._by_id = {topic.id: topic for topic in topics}
        self._store = store
        self._head = head  # (topics, dimension + 1): weights and intercept of a multinomial logistic regression
        self.answered = np.array([topic.kind is TopicKind.ANSWERED for topic in topics], dtype=bool)

    def __len__(self) -> int:
        """How many topics the bank has."""
        return len(self.topics)

    def __getitem__(self, topic_id: str) -> Topic:
        """Return a topic by its id."""
        return self._by_id[topic_id]

    def vectors(self) -> tuple[list[str], NDArray[np.float32]]:
        """Return the ids of all phrasings ("<topic>~<number>") and their unit vectors."""
        return self._store.items()

    def match(self, vector: NDArray[np.float32], *, k: int = 50) -> TopicMatch:
        """Compare a question's unit vector with the bank. Without a classifier, the nearest phrasings vote."""
        nearest: dict[str, float] = {}
        if not self.topics:
            return TopicMatch(np.zeros(0), nearest)
        for phrasing, cosine in self._store.search(vector, k):
            nearest.setdefault(phrasing.split(_MARK, 1)[0], cosine)
        if self._head is not None:
            logits = self._head[:, :-1] @ vector + self._head[:, -1]
        else:
            logits = np.array([20.0 * nearest.get(topic.id, 0.0) for topic in self.topics])
        exponents = np.exp(logits.astype(np.float64) - float(logits.max(initial=0.0)))
        return TopicMatch(exponents / max(exponents.sum(), 1e-300), nearest)

    @cached_property
    def spacing(self) -> float:
        """How near the phrasings of answered topics lie to each other: nine in ten have a neighbour at this cosine.

        A dense bank has a high one. A question that is farther away than this from all of them is a stranger to it.
        """
        ids, vectors = self._store.items()
        owned = [self._by_id[i.split(_MARK, 1)[0]].kind is TopicKind.ANSWERED for i in ids]
        answered = vectors[np.array(owned, dtype=bool)] if ids else vectors
        if len(answered) < _FEWEST_FOR_SPACING:
            return 0.0
        sample = np.linspace(0, len(answered) - 1, min(len(answered), _MOST_FOR_SPACING)).astype(int)
        cosines = answered[sample] @ answered.T
        cosines[np.arange(len(sample)), sample] = -1.0
        return float(np.quantile(cosines.max(axis=1), 0.1))

    def save(self, folder: Path) -> None:
        """Write the bank: JSON, a FAISS index, and the classifier as a plain NumPy array."""
        rows = [
            {**asdict(topic), "terms": sorted(stems)} for topic, stems in zip(self.topics, self.terms, strict=True)
        ]
        (folder / "topics.json").write_text(json.dumps(rows, ensure_ascii=False, indent=0), encoding="utf-8")
        self._store.save(folder / "questions.faiss", folder / "questions.json")
        if self._head is not None:
            np.save(folder / "head.npy", self._head, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> TopicIndex:
        """Read what `save` wrote.

        Raises:
            IndexDamagedError: a file can't be read.
        """
        try:
            rows = json.loads((folder / "topics.json").read_text(encoding="utf-8"))
            stems = [frozenset(row.pop("terms")) for row in rows]
            topics = [_topic(row) for row in rows]
            path = folder / "head.npy"
            head = np.load(path, allow_pickle=False) if path.is_file() else None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamagedError(f"{folder} can't be read ({error}): run `kbot build`") from error
        if head is not None and head.shape[0] != len(topics):
            raise IndexDamagedError(f"{folder / 'head.npy'} is of another question bank: run `kbot build`")
        return cls(topics, FaissStore.load(folder / "questions.faiss", folder / "questions.json"), head, stems)


def phrasing_ids(topic: Topic) -> list[str]:
    """Return the ids of a topic's phrasings, in order."""
    return [f"{topic.id}{_MARK}{number}" for number in range(len(topic.phrasings))]


def _topic(row: dict[str, object]) -> Topic:
    quotes = tuple(
        Quote(str(quote["passage_id"]), Span(*quote["span"]))
        for quote in row["quotes"]  # type: ignore[attr-defined]
    )
    return Topic(
        id=str(row["id"]),
        about=str(row["about"]),
        kind=TopicKind(str(row["kind"])),
        phrasings=tuple(row["phrasings"]),  # type: ignore[arg-type]
        quotes=quotes,
        missing=str(row["missing"]),
        words=tuple(row["words"]),  # type: ignore[arg-type]
    )
