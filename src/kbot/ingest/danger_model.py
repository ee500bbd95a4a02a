"""Trains the classifier of danger from the labelled prototypes and, as ordinary messages, the bank's phrasings."""

from __future__ import annotations

import hashlib
import math
import re
import warnings
from collections import Counter
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import yaml

from kbot.disguise import fold
from kbot.errors import IndexDamagedError
from kbot.search.danger import DangerModel, Sign, ngrams

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# Inverse regularisation, chosen on half of the development posts; a factor of 5 either way changes little.
_C_VECTOR, _C_NGRAMS = 10.0, 50.0
_ITERATIONS = 150
_FEWEST = 2  # texts that an n-gram must be in
_MOST_PHRASINGS = 2500  # of the bank, spread evenly: more would drown the prototypes and slow the build
# Visitors' questions about suicide as a topic are no ordinary ones: they carry the 988 resource.
_TOPIC = re.compile(r"\b(?:suicid\w*|self harm\w*|overdos\w*|kill \w+sel(?:f|ves))\b")


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled message, folded."""

    text: str
    sign: Sign


def _files() -> list[tuple[str, str]]:
    folder = resources.files("kbot.ingest").joinpath("prototypes")
    files = [entry for entry in folder.iterdir() if entry.name.endswith(".yaml")]
    return sorted((entry.name, entry.read_text(encoding="utf-8")) for entry in files)


def prototypes_hash() -> str:
    """Return the hash of the prototype files: part of the build id."""
    return hashlib.sha256("\0".join(text for _, text in _files()).encode()).hexdigest()


def read_prototypes() -> list[Example]:
    """Return the labelled prototypes, folded, without repeats."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    examples: dict[str, Example] = {}
    for _, text in _files():
        for label, messages in yaml.load(text, Loader=loader).items():  # noqa: S506  the C twin of SafeLoader
            for message in messages:
                folded = fold(message)
                examples.setdefault(folded, Example(folded, Sign(label)))
    return list(examples.values())


def examples_of(phrasings: Sequence[str]) -> list[Example]:
    """Return the prototypes and, as ordinary messages, the bank's phrasings: what visitors of this clinic ask."""
    examples = read_prototypes()
    known = {example.text for example in examples}
    asked = sorted({fold(phrasing) for phrasing in phrasings} - known - {""}, key=_shuffled)[:_MOST_PHRASINGS]
    return examples + [Example(text, Sign.TOPIC if _TOPIC.search(text) else Sign.ORDINARY) for text in asked]


def _shuffled(text: str) -> bytes:
    """Return a key that sorts texts in an order that is random but always the same."""
    return hashlib.sha256(text.encode()).digest()


def make_danger(
    phrasings: Sequence[str],
    encode: Callable[[Sequence[str]], NDArray[np.float32]],
    *,
    encoder: str,
    previous: Path | None,
) -> DangerModel:
    """Return the classifier trained on the prototypes and these phrasings, or the one before where nothing changed.

    Args:
        phrasings: of the question bank; may be empty.
        encode: the served encoder.
        encoder: its fingerprint.
        previous: the folder of the build before, if there is one.
    """
    examples = examples_of(phrasings)
    parts = [encoder, str(_C_VECTOR), str(_C_NGRAMS), *(f"{example.sign} {example.text}" for example in examples)]
    source = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    if previous is not None:
        try:
            model = DangerModel.load(previous)
        except IndexDamagedError:
            pass
        else:
            if model.source == source:
                return model
    return train_danger(examples, encode([example.text for example in examples]), source=source)


def train_danger(examples: Sequence[Example], vectors: NDArray[np.float32], *, source: str = "") -> DangerModel:
    """Fit both logistic regressions.

    Args:
        examples: every sign must have at least one.
        vectors: one unit vector an example, shape (examples, dimension), of its folded text.
        source: what the model is made from, as a hash.
    """
    from scipy.sparse import csr_matrix

    signs = list(Sign)
    labels = np.array([signs.index(example.sign) for example in examples])
    counts = [Counter(ngrams(example.text)) for example in examples]
    found_in = Counter(ngram for counter in counts for ngram in counter)
    vocabulary = sorted(ngram for ngram, texts in found_in.items() if texts >= _FEWEST)
    number_of = {ngram: number for number, ngram in enumerate(vocabulary)}
    idf = np.array([1 + math.log((1 + len(examples)) / (1 + found_in[n])) for n in vocabulary], dtype=np.float32)
    rows, columns, values = [], [], []
    for row, counter in enumerate(counts):
        known = [(number_of[ngram], 1 + math.log(count)) for ngram, count in counter.items() if ngram in number_of]
        weights = [tf * float(idf[number]) for number, tf in known]
        norm = math.sqrt(sum(weight**2 for weight in weights)) or 1.0
        rows += [row] * len(known)
        columns += [number for number, _ in known]
        values += [weight / norm for weight in weights]
    words = csr_matrix((values, (rows, columns)), shape=(len(examples), len(vocabulary)), dtype=np.float64)
    by_vector = _fit(vectors, labels, len(signs), c=_C_VECTOR)
    by_ngrams = _fit(words, labels, len(signs), c=_C_NGRAMS)
    return DangerModel(by_vector, vocabulary, idf, by_ngrams, source=source)


def _fit(features: object, labels: NDArray[np.intp], count: int, *, c: float) -> NDArray[np.float32]:
    """Return weights and intercept, shape (count, features + 1)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=c, max_iter=_ITERATIONS).fit(features, labels)
    weights = np.zeros((count, model.coef_.shape[1] + 1), dtype=np.float32)
    weights[:, -1] = -30.0  # a sign without examples is never seen
    weights[model.classes_, :-1] = model.coef_
    weights[model.classes_, -1] = model.intercept_
    return weights
