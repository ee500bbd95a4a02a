"""A classifier from a question's vector to the topic of the bank it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

RECIPE = "softmax-2"  # change it whenever the same bank would make another classifier
# Inverse regularisation. Between 30 and 300 nothing changes by more than the interval of the measurement.
_C = 100.0
_ITERATIONS = 25
_CURVATURE = 1e-4  # of the likelihood, roughly, for the change of variables below; a factor of 3 changes little
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
    known, labels = np.unique(np.asarray(topics, dtype=np.intp), return_inverse=True)
    if len(known) < _FEWEST_TOPICS:
        return None
    foreign = np.isin(np.asarray(topics), list(background))
    own = max(1, len(foreign) - foreign.sum())
    sample_weight = np.where(foreign, min(1.0, _BACKGROUND * own / max(1, foreign.sum())), 1.0)
    head = np.zeros((count, vectors.shape[1] + 1), dtype=np.float32)
    head[:, -1] = -30.0  # a topic without phrasings is never the answer
    head[known] = _fit(vectors, labels, len(known), sample_weight.astype(np.float32))
    return head


def _fit(
    vectors: NDArray[np.float32], labels: NDArray[np.intp], count: int, sample_weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Minimise the weighted cross-entropy plus |weights|² / 2C, by L-BFGS; shape (count, dimension + 1).

    The same problem as scikit-learn's LogisticRegression, in variables in which its curvature is about the same in
    every direction, which takes fewer steps.
    """
    from scipy.linalg.blas import sgemm
    from scipy.optimize import minimize

    def product(
        left: NDArray[np.float32], right: NDArray[np.float32], out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        # The minimiser computes in SciPy's BLAS; NumPy has a second one with threads of its own, and the two hold
        # each other up, each spinning while the other works.
        into = {} if out is None else {"c": out.T, "overwrite_c": 1}
        transposed: NDArray[np.float32] = sgemm(1.0, right.T, left.T, **into)
        return transposed.T

    rows = np.hstack([vectors, np.ones((len(vectors), 1), np.float32)])
    columns = np.ascontiguousarray(rows.T)
    at = np.arange(len(rows))
    penalty = np.full((rows.shape[1], 1), 1 / _C, np.float32)
    penalty[-1] = 0.0  # the intercept is free
    shape = (rows.shape[1], count)
    change = _change_of_variables((rows * sample_weight[:, None]).T @ rows)
    shares = np.empty((len(rows), count), np.float32)  # one for all steps: fresh memory costs as much as the product

    def objective(variables: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = product(change, variables.reshape(shape).astype(np.float32))
        product(rows, weights, shares)
        np.subtract(shares, shares.max(axis=1, keepdims=True), out=shares)
        right = shares[at, labels]
        np.exp(shares, out=shares)
        sums = shares.sum(axis=1)
        loss = float((sample_weight * (np.log(sums) - right)).sum(dtype=np.float64))
        loss += float((penalty * weights**2).sum(dtype=np.float64)) / 2
        np.multiply(shares, (sample_weight / sums)[:, None], out=shares)
        shares[at, labels] -= sample_weight
        slope = np.add(product(columns, shares), penalty * weights, dtype=np.float32)
        gradient = product(change, slope)
        return loss, gradient.ravel().astype(np.float64)

    options = {"maxiter": _ITERATIONS, "maxcor": 20}
    found = minimize(objective, np.zeros(shape[0] * count), jac=True, method="L-BFGS-B", options=options)
    solved: NDArray[np.float32] = (change @ found.x.reshape(shape).astype(np.float32)).T
    return solved


def _change_of_variables(covariance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the inverse square root of the curvature, roughly: shape (dimension + 1, dimension + 1), symmetric."""
    curvature = _CURVATURE * covariance.astype(np.float64) + np.eye(len(covariance)) / _C
    curvature[-1, -1] -= 0.999 / _C
    values, directions = np.linalg.eigh(curvature)
    root: NDArray[np.float64] = (directions / np.sqrt(values.clip(1e-12))) @ directions.T
    return root.astype(np.float32)
