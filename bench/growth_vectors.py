"""Vectors for the growth benchmark: 20,000 really encoded texts, and a generator that goes on from them."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kbot.ingest.corpus import read_corpus
from kbot.ingest.passages import split_passages
from kbot.search.index import open_index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from kbot.settings import Settings

REAL = 20_000
SEED = 20_260_101
_NEAR = 10  # neighbours among which local differences are taken
_FAMILY = 12  # vectors that lie around one centre; with _LOCAL fitted to the neighbour cosines of the encoded texts
_CENTRES = 256  # clusters whose spread the centres of families are drawn from
_DIRECTIONS = 48  # principal directions kept of each cluster
_LOCAL = 0.88  # how far a family spreads
_CHUNK = 50_000
# What takes the place of the corpus's own subjects in a variation. Nothing of it is shown to anybody.
_SWAPS = {
    "ketamine": ("esketamine", "TMS", "ECT", "lithium", "psilocybin", "an SSRI", "bupropion", "talk therapy"),
    "depression": ("anxiety", "PTSD", "OCD", "chronic pain", "bipolar disorder", "migraine", "insomnia", "grief"),
    "infusion": ("injection", "nasal spray", "tablet", "session", "lozenge"),
    "treatment": ("therapy", "programme", "course", "procedure"),
    "patients": ("adults", "older people", "teenagers", "veterans", "new mothers"),
    "symptoms": ("complaints", "side effects", "signs"),
    "clinic": ("hospital", "practice", "centre"),
}
_CONTEXTS = (
    "", "after surgery", "for my mother", "in the first week", "at a higher dose", "with high blood pressure",
    "for people over sixty", "without a referral", "under our insurance", "while working full time", "at home",
    "during the winter", "for a second course", "with other medicines", "when nothing else helped", "abroad",
)  # fmt: skip


def variations(count: int, settings: Settings) -> list[str]:
    """Return `count` different texts: sentences of the corpus and phrasings of the bank with words exchanged.

    The same corpus and bank make the same texts: nothing depends on the clock or on the order of a set.
    """
    index = open_index(settings)
    texts = [phrasing for topic in index.topics.topics for phrasing in topic.phrasings]
    for document in read_corpus(settings.corpus):
        if document.searchable:
            for passage in split_passages(document, lambda text: len(text.split())):
                texts += [passage.text[span.start : span.end] for span in passage.sentences]
    draw = random.Random(SEED)  # noqa: S311  a benchmark's texts, not a secret
    found = dict.fromkeys(texts)
    for text in itertools.cycle(texts):
        if len(found) >= count:
            break
        found.setdefault(_vary(text, draw))
    return list(found)[:count]


def _vary(text: str, draw: random.Random) -> str:
    for word, others in _SWAPS.items():
        if draw.random() < 0.6:
            text = re.sub(rf"\b{word}s?\b", draw.choice(others), text, flags=re.IGNORECASE)
    context = draw.choice(_CONTEXTS)
    return f"{text.rstrip('.?! ')} {context}{text[-1]}" if context and text else text


def encoded(folder: Path, settings: Settings, count: int = REAL) -> NDArray[np.float32]:
    """Return the vectors of `count` variations, by the encoder that is served; kept in `folder` for the next run."""
    kept = folder / f"encoded-{count}.npy"
    if kept.is_file():
        loaded: NDArray[np.float32] = np.load(kept, allow_pickle=False)
        return loaded
    vectors = open_index(settings).encoder.encode(variations(count, settings))
    np.save(kept, vectors, allow_pickle=False)
    return vectors


@dataclass(frozen=True, slots=True)
class Generator:
    """Makes as many vectors as asked for, with the neighbourhoods of the encoded ones.

    A family's centre is drawn around one of 256 clusters, along the cluster's own principal directions. Its members
    lie around the centre by differences between real vectors and their real near neighbours, so that they spread in
    the directions in which real rewordings spread. A larger set has more families, not fuller ones.
    """

    means: NDArray[np.float32]  # (clusters, dimension)
    spreads: NDArray[np.float32]  # (clusters, directions, dimension)
    weights: NDArray[np.float64]  # (clusters,), sum to 1
    differences: NDArray[np.float32]  # (rows, dimension), from a vector to one of its near neighbours

    @classmethod
    def learn(cls, real: NDArray[np.float32]) -> Generator:
        """Learn clusters and local differences from real unit vectors, shape (rows, dimension)."""
        import faiss

        kmeans = faiss.Kmeans(real.shape[1], _CENTRES, niter=15, seed=SEED % 2**31, spherical=False)
        kmeans.train(real)
        _, owner = kmeans.index.search(real, 1)
        means, spreads, weights = [], [], []
        for number in range(_CENTRES):
            rows = real[owner[:, 0] == number]
            if not len(rows):
                continue
            mean = rows.mean(axis=0)
            _, scale, directions = np.linalg.svd(rows - mean, full_matrices=False)
            spread = np.zeros((_DIRECTIONS, real.shape[1]), np.float32)
            kept = min(_DIRECTIONS, len(scale))
            spread[:kept] = directions[:kept] * (scale[:kept, None] / np.sqrt(len(rows)))
            means.append(mean)
            spreads.append(spread)
            weights.append(len(rows))
        exact = faiss.IndexFlatIP(real.shape[1])
        exact.add(real)
        _, near = exact.search(real, _NEAR + 1)
        draw = np.random.default_rng(SEED)
        chosen = near[np.arange(len(real)), draw.integers(1, _NEAR + 1, len(real))]
        share = np.asarray(weights, np.float64)
        return cls(np.stack(means), np.stack(spreads), share / share.sum(), real[chosen] - real)

    def chunks(self, count: int, *, seed: int = SEED) -> Iterator[NDArray[np.float32]]:
        """Yield `count` unit vectors, at most 50,000 at a time; the same seed makes the same ones."""
        for start in range(0, count, _CHUNK):
            yield self._chunk(min(_CHUNK, count - start), np.random.default_rng([seed, start]))

    def make(self, count: int, *, seed: int = SEED) -> NDArray[np.float32]:
        """Return `count` unit vectors, shape (count, dimension)."""
        return np.concatenate(list(self.chunks(count, seed=seed)))

    def queries(self, count: int, stored: int) -> NDArray[np.float32]:
        """Return `count` unit vectors around centres of the first `stored` vectors that are not among them."""
        draw = np.random.default_rng([SEED, 1])
        vectors = []
        for start in range(0, stored, _CHUNK):
            size = min(_CHUNK, stored - start)
            centres = self._centres(size, np.random.default_rng([SEED, start]))
            share = max(1, round(count * size / stored))
            vectors.append(self._around(centres[draw.integers(0, len(centres), share)], draw))
        return np.concatenate(vectors)[:count]

    def _centres(self, size: int, draw: np.random.Generator) -> NDArray[np.float32]:
        families = -(-size // _FAMILY)
        cluster = draw.choice(len(self.weights), families, p=self.weights)
        along = draw.standard_normal((families, _DIRECTIONS), np.float32)
        moved = np.empty((families, self.means.shape[1]), np.float32)
        for number in np.unique(cluster):
            rows = cluster == number
            moved[rows] = along[rows] @ self.spreads[number]
        return _unit(self.means[cluster] + moved)

    def _chunk(self, size: int, draw: np.random.Generator) -> NDArray[np.float32]:
        centres = self._centres(size, draw)
        vectors = self._around(np.repeat(centres, _FAMILY, axis=0)[:size], draw)
        return vectors[draw.permutation(size)]

    def _around(self, centres: NDArray[np.float32], draw: np.random.Generator) -> NDArray[np.float32]:
        # How far a member lies from its centre varies from member to member, as between rewordings and near copies.
        far = (_LOCAL * draw.gamma(4.0, 0.25, len(centres))).astype(np.float32)
        local = self.differences[draw.integers(0, len(self.differences), len(centres))]
        return _unit(centres + far[:, None] * local)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def neighbour_cosines(vectors: NDArray[np.float32], sample: int = 1000) -> dict[str, list[float]]:
    """Return quantiles (5, 25, 50, 75, 95 %) of the cosine to the nearest and tenth nearest other vector.

    And, as "any two", of the cosine of any two vectors. Over an evenly spaced sample of `sample` vectors.
    """
    import faiss

    rows = np.linspace(0, len(vectors) - 1, min(sample, len(vectors))).astype(int)
    exact = faiss.IndexFlatIP(vectors.shape[1])
    exact.add(vectors)
    cosines, found = exact.search(vectors[rows], _NEAR + 1)
    cosines = np.where(found == rows[:, None], -2.0, cosines)
    ordered = -np.sort(-cosines, axis=1)
    pairs = (vectors[rows] @ vectors[rows[::-1]].T)[np.triu_indices(len(rows), 1)]
    points = (0.05, 0.25, 0.5, 0.75, 0.95)
    groups = {"nearest": ordered[:, 0], "tenth": ordered[:, _NEAR - 1], "any two": pairs}
    return {name: [round(float(v), 3) for v in np.quantile(values, points)] for name, values in groups.items()}
