"""The half of the safety model that knows who does what to whom: a regression over runs of words."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from kbot.search.signs import Sign
from kbot.search.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kbot.training.prototypes import Example

# Inverse regularisation, chosen on half of the development posts; a factor of 5 either way changes little.
_C = 50.0
_ITERATIONS = 150
_FEWEST = 2  # texts that an n-gram must be in


def train_wording(examples: Sequence[Example], runs_of: Callable[[str], list[str]], *, source: str) -> Wording:
    """Fit a multinomial logistic regression over tf-idf of runs of words, sublinear and of length 1.

    Args:
        examples: labelled messages.
        runs_of: what takes a message apart.
        source: hash of the messages, kept with what was learnt.
    """
    from scipy.sparse import csr_matrix
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    signs = list(Sign)
    labels = np.array([signs.index(example.sign) for example in examples])
    counts = [Counter(runs_of(example.text)) for example in examples]
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
    features = csr_matrix((values, (rows, columns)), shape=(len(examples), len(vocabulary)), dtype=np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=_C, max_iter=_ITERATIONS).fit(features, labels)
    learnt = np.zeros((len(signs), len(vocabulary) + 1), dtype=np.float32)
    learnt[:, -1] = -30.0  # a sign without examples is never seen
    learnt[model.classes_, :-1] = model.coef_
    learnt[model.classes_, -1] = model.intercept_
    return Wording(runs_of, vocabulary, idf, learnt, source)
