"""Whether two samples come from one distribution: by the distance of their means in a space of features, and by how well
somebody who has learned from both tells them apart."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PERMUTATIONS = 500
_SEED = 77
Vectors = NDArray[np.floating]


class Distance(NamedTuple):
    """The squared distance, near 0 where both are alike (estimated without bias, so maybe below), and the share of random
    divisions of the same rows that are at least as far apart."""

    squared: float
    p: float


def mean_discrepancy(one: Vectors, other: Vectors, permutations: int = PERMUTATIONS) -> Distance:
    """The maximum mean discrepancy with a Gaussian kernel as wide as the median distance, and a permutation test."""
    both = np.concatenate([one, other]).astype(np.float64)
    apart = _squared_distances(both)
    kernel = np.exp(-apart / max(1e-12, float(np.median(apart[np.triu_indices(len(both), 1)]))))
    np.fill_diagonal(kernel, 0.0)
    draw = np.random.default_rng(_SEED)
    first = np.zeros((len(both), permutations + 1))
    first[: len(one), 0] = 1.0
    for column in range(1, permutations + 1):
        first[draw.permutation(len(both))[: len(one)], column] = 1.0
    found = _discrepancies(kernel, first, len(one))
    beyond = int((found[1:] >= found[0] - 1e-12).sum())
    return Distance(float(found[0]), (1 + beyond) / (permutations + 1))


def _squared_distances(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = (rows**2).sum(axis=1)
    apart: NDArray[np.float64] = np.maximum(0.0, lengths[:, None] + lengths[None, :] - 2 * rows @ rows.T)
    return apart


def _discrepancies(kernel: NDArray[np.float64], first: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """For each column, which marks the rows of the first sample."""
    m = len(kernel) - n
    within = (first * (kernel @ first)).sum(axis=0)
    across = (first * (kernel @ (1 - first))).sum(axis=0)
    rest = kernel.sum() - within - 2 * across
    found: NDArray[np.float64] = within / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * across / (n * m)
    return found


def at_least(right: int, n: int) -> float:
    """The probability that so many of n guesses by a fair coin are right, or more."""
    return sum(math.comb(n, each) for each in range(right, n + 1)) / 2**n if n else 1.0
