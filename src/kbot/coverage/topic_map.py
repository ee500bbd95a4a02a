"""The questions of a period on a plane, near each other where they mean about the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from kbot.coverage.clusters import group_vectors
from kbot.records import Outcome, Reason
from kbot.text import normalise, words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from kbot.journal.entries import JournalEntry
    from kbot.search.index import SearchIndex

_DISTANCE = 0.5  # mean cosine distance from which two groups of questions are two subjects
_MOST_POINTS = 1500  # different questions: the most asked of them; more can't be told apart on a screen
_FEWEST_FOR_TSNE = 12  # points; fewer are laid out by their principal components
_PERPLEXITY = 20.0
_ROUNDS = 500
_SEED = 7
_EXAMPLES = 8


class Fate(StrEnum):
    """What came of a question, as the map colours it."""

    ANSWERED = "answered"
    NOT_COVERED = "not_covered"  # the material could answer it and does not
    HANDED_OVER = "handed_over"  # personal, off topic, unclear, or a person was asked for


@dataclass(frozen=True, slots=True)
class MapPoint:
    """One question, in whatever capitals and punctuation it was typed."""

    question: str  # redacted, as most typed it
    count: int
    fates: dict[Fate, int]
    x: float  # [0, 1]
    y: float  # [0, 1], 0 is at the top
    cluster: int  # number of its cluster
    entries: tuple[int, ...]  # ids of the journal's entries, oldest first

    @property
    def fate(self) -> Fate:
        """What came of most of it; of a tie, what staff should look at."""
        order = [Fate.NOT_COVERED, Fate.HANDED_OVER, Fate.ANSWERED]
        return max(order, key=lambda fate: (self.fates.get(fate, 0), -order.index(fate)))


@dataclass(frozen=True, slots=True)
class MapCluster:
    """A subject that visitors ask about."""

    number: int  # from 1, the most asked first
    label: str  # its most asked question
    count: int
    fates: dict[Fate, int]
    x: float  # [0, 1], of its most typical question
    y: float
    points: tuple[MapPoint, ...]  # the most asked first

    @property
    def entries(self) -> tuple[int, ...]:
        """The ids of its entries in the journal, in order."""
        return tuple(sorted(id_ for point in self.points for id_ in point.entries))

    @property
    def examples(self) -> tuple[MapPoint, ...]:
        """The first few questions."""
        return self.points[:_EXAMPLES]


@dataclass(frozen=True, slots=True)
class TopicMap:
    """The map and, as its text, its clusters."""

    clusters: tuple[MapCluster, ...]
    left_out: int  # entries of questions that are asked too rarely for the map

    @property
    def points(self) -> tuple[MapPoint, ...]:
        """Every point."""
        return tuple(point for cluster in self.clusters for point in cluster.points)

    @property
    def count(self) -> int:
        """Entries on the map."""
        return sum(cluster.count for cluster in self.clusters)


def fate_of(entry: JournalEntry) -> Fate | None:
    """Return what came of an entry; None for small talk."""
    match entry.outcome:
        case Outcome.ANSWER:
            return Fate.ANSWERED
        case Outcome.CLINICIAN:
            return Fate.NOT_COVERED if entry.reason is Reason.NOT_COVERED else Fate.HANDED_OVER
        case _:
            return None


def draw_map(
    entries: Sequence[JournalEntry], index: SearchIndex, *, track: Callable[[int, int], None] | None = None
) -> TopicMap:
    """Return the map of the questions among the entries. The same entries and build give the same map.

    The vectors are laid out by t-SNE, which keeps neighbours together; how far apart two groups stand says little.
    Few points are laid out by their two principal components. `track` is told how many questions are read.
    """
    same: dict[str, list[JournalEntry]] = {}
    for entry in entries:
        if fate_of(entry) is not None:
            same.setdefault(" ".join(words(entry.question)), []).append(entry)
    groups = sorted(same.values(), key=lambda group: (-len(group), group[0].time, group[0].id))
    left_out = sum(len(group) for group in groups[_MOST_POINTS:])
    groups = groups[:_MOST_POINTS]
    if not groups:
        return TopicMap((), 0)
    texts = [Counter(normalise(e.question) for e in group).most_common(1)[0][0] for group in groups]
    vectors = _centred(_encode(texts, index, track), index)
    places = lay_out(vectors)
    clusters = []
    for rows in group_vectors(vectors, distance=_DISTANCE):
        rows.sort(key=lambda row: (-len(groups[row]), row))
        clusters.append(rows)
    clusters.sort(key=lambda rows: (-sum(len(groups[row]) for row in rows), rows[0]))
    made = []
    for number, rows in enumerate(clusters, start=1):
        points = tuple(_point(groups[row], texts[row], places[row], number) for row in rows)
        middle = vectors[rows].sum(axis=0)
        typical = points[max(range(len(rows)), key=lambda at: float(vectors[rows[at]] @ middle))]
        count = sum(point.count for point in points)
        fates = Counter[Fate]()
        for point in points:
            fates.update(point.fates)
        made.append(MapCluster(number, texts[rows[0]], count, dict(fates), typical.x, typical.y, points))
    return TopicMap(tuple(made), left_out)


def _encode(
    texts: Sequence[str], index: SearchIndex, track: Callable[[int, int], None] | None
) -> NDArray[np.float32]:
    rows = []
    for done, text in enumerate(texts):
        if track is not None:
            track(done, len(texts))
        # As the bot reads it: spelling put right, abbreviations written out.
        rows.append(index.encoder.encode([index.language.read(text).text])[0])
    return np.stack(rows)


def _centred(vectors: NDArray[np.float32], index: SearchIndex) -> NDArray[np.float32]:
    """Return unit vectors without what all questions of the bank have in common, as for the report's clusters."""
    _, known = index.topics.vectors()
    rest = vectors - known.mean(axis=0) if len(known) else vectors
    lengths = np.linalg.norm(rest, axis=1, keepdims=True)
    # What is the very mean of the bank has no direction left: it keeps the one that it had.
    return np.where(lengths > 1e-6, rest / np.maximum(lengths, 1e-6), vectors).astype(np.float32)


def _point(group: Sequence[JournalEntry], text: str, place: NDArray[np.float64], cluster: int) -> MapPoint:
    fates = Counter(fate for entry in group if (fate := fate_of(entry)) is not None)
    ids = tuple(entry.id for entry in sorted(group, key=lambda e: (e.time, e.id)))
    return MapPoint(text, len(group), dict(fates), float(place[0]), float(place[1]), cluster, ids)


def lay_out(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return a place for each unit vector, shape (n, 2), each coordinate [0, 1]; the same for the same vectors."""
    if len(vectors) < 2:
        return np.full((len(vectors), 2), 0.5)
    plane = _principal(vectors)
    if len(vectors) >= _FEWEST_FOR_TSNE:
        from sklearn.manifold import TSNE

        spread = plane / max(float(plane[:, 0].std()), 1e-12) * 1e-4
        perplexity = min(_PERPLEXITY, (len(vectors) - 1) / 3)
        layout = TSNE(perplexity=perplexity, init=spread.astype(np.float32), random_state=_SEED, max_iter=_ROUNDS)
        plane = np.asarray(layout.fit_transform(vectors), dtype=np.float64)
    low, high = plane.min(axis=0), plane.max(axis=0)
    places: NDArray[np.float64] = np.where(high - low > 1e-9, (plane - low) / np.maximum(high - low, 1e-9), 0.5)
    return places


def _principal(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the two principal components, each with the sign that makes its largest value positive."""
    centred = (vectors - vectors.mean(axis=0)).astype(np.float64)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    plane = centred @ axes[:2].T
    if plane.shape[1] < 2:
        plane = np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))
    signs = np.sign(plane[np.abs(plane).argmax(axis=0), range(2)])
    result: NDArray[np.float64] = plane * np.where(signs == 0, 1.0, signs)
    return result
