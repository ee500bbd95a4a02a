"""A classifier from a question's vector to the topic of the bank it belongs to."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

# Inverse regularisation. Between 30 and 300 nothing changes by more than the interval of the measurement.
_C = 100.0
_ITERATIONS = 200
_FEWEST_TOPICS = 2
# What the phrasings of topics that are no clinic's weigh together, at most, beside the clinic's own. There are about
# 800 of them: without a limit they would outweigh a small bank, and the bot would take most questions for off topic.
_BACKGROUND = 0.15


def train_head(
    vectors: NDArray[np.float32], topics: Sequence[int], count: int, *, background: Collection[int] = ()
) -> NDArray[np.float32] | None:
    """Fit a multinomial logistic regression on the bank's phrasings.

    Args:
        vectors: one unit vector a phrasing, shape (phrasings, dimension).
        topics: the number of each phrasing's topic, 0 to count - 1.
        count: how many topics there are.
        background: the numbers of the topics that are no clinic's.

    Returns:
        Weights and intercept, shape (count, dimension + 1); None where there are too few topics to tell apart.
    """
    if len(set(topics)) < _FEWEST_TOPICS:
        return None
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    foreign = np.isin(np.asarray(topics), list(background))
    own = max(1, len(foreign) - foreign.sum())
    sample_weight = np.where(foreign, min(1.0, _BACKGROUND * own / max(1, foreign.sum())), 1.0)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=_C, max_iter=_ITERATIONS)
        model.fit(vectors, np.asarray(topics), sample_weight=sample_weight)
    weights, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == _FEWEST_TOPICS:
        # scikit-learn keeps one row for two classes: the log-odds of the second against the first.
        weights, intercepts = np.vstack([-weights, weights]) / 2, np.concatenate([-intercepts, intercepts]) / 2
    head = np.zeros((count, vectors.shape[1] + 1), dtype=np.float32)
    head[:, -1] = -30.0  # a topic without phrasings is never the answer
    head[model.classes_, :-1] = weights
    head[model.classes_, -1] = intercepts
    return head
