"""How often each arm draws the most, over many draws of all arms at once. Imported where that is asked: it needs numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loopwright.policy.keyed import Keyed
from loopwright.policy.linear import DIGITS
from loopwright.policy.protocol import Shares
from loopwright.policy.ridge import one_thread

Floats = NDArray[np.float64]

_ROUNDING = 1e-12
"""A variance that is so small a part of the largest is what rounding leaves of none."""


def of_betas(counts: Sequence[tuple[float, float]], rng: Keyed, draws: int) -> Shares:
    """Each arm draws from Beta(a, b)."""
    won, lost = _columns(counts)
    return _most(_generator(rng).beta(won, lost, (len(counts), draws)))


def of_normals(spreads: Sequence[tuple[float, float]], rng: Keyed, draws: int) -> Shares:
    """Each arm draws around its mean, so far."""
    means, widths = _columns(spreads)
    return _most(means + widths * _generator(rng).standard_normal((len(spreads), draws)))


def together(means: Sequence[float], covariance: Floats, rng: Keyed, draws: int) -> Shares:
    """The arms draw as one; of those that are alike the first counts. The root is the symmetric one: it does not hang on how
    directions of equal variance are told apart, which machines do each in their way."""
    with one_thread():
        variances, directions = np.linalg.eigh(covariance)
        widths = np.sqrt(np.where(variances > _ROUNDING * variances[-1], variances, 0.0))
        root = (directions * widths) @ directions.T
        departures = root @ _generator(rng).standard_normal((len(means), draws))
    return _most((_upright(means) + departures).round(DIGITS))


def _generator(rng: Keyed) -> np.random.Generator:
    """Numbers by the thousand, a function of where `rng` stands."""
    return np.random.Generator(np.random.Philox(key=rng.bits()))


def _columns(pairs: Sequence[tuple[float, float]]) -> tuple[Floats, Floats]:
    first, second = zip(*pairs, strict=True)
    return _upright(first), _upright(second)


def _upright(numbers: ArrayLike) -> Floats:
    return np.asarray(numbers, np.float64)[:, None]


def _most(drawn: Floats) -> Shares:
    """A row holds the draws of an arm."""
    times = np.bincount(drawn.argmax(axis=0), minlength=len(drawn))
    return Shares((times / drawn.shape[1]).tolist(), exact=False)
