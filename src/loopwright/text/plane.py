"""Vectors laid out on a plane, for a map of them: along the two directions in which they differ most."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopwright.text.embedding import Floats


class Plane(NamedTuple):
    """A place for each, x and y, and the share of all that sets them apart which can be seen there."""

    places: NDArray[np.float64]
    share: float


def plane(vectors: Floats) -> Plane:
    """The first two principal components. The sign of each axis is fixed by its largest part, so the same vectors make the same
    map. Vectors that differ in fewer directions have zeros there."""
    rows = vectors.astype(np.float64)
    rows -= rows.mean(axis=0) if len(rows) else 0.0
    spread, axes = np.linalg.eigh(rows.T @ rows)
    best = axes[:, ::-1][:, :2]
    signs = np.sign(best[np.abs(best).argmax(axis=0), np.arange(best.shape[1])])
    places = np.zeros((len(rows), 2))
    places[:, : best.shape[1]] = rows @ (best * signs)
    total = float(spread.sum())
    return Plane(places, float(spread[::-1][:2].sum()) / total if total > _NOTHING else 0.0)


_NOTHING = 1e-9
"""What is left of equal vectors by rounding."""
