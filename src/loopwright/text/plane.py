"""Vectors laid out on a plane, for a map of them: along the two directions in which they differ most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from loopwright.text.embedding import Floats


def plane(vectors: Floats) -> NDArray[np.float64]:
    """A place for each, x and y (principal components). The sign of each axis is fixed by its largest part, so the same vectors
    make the same map. Fewer than two directions leave zeros."""
    rows = vectors.astype(np.float64)
    rows -= rows.mean(axis=0) if len(rows) else 0.0
    _, axes = np.linalg.eigh(rows.T @ rows)
    best = axes[:, ::-1][:, :2]
    signs = np.sign(best[np.abs(best).argmax(axis=0), np.arange(best.shape[1])])
    places = np.zeros((len(rows), 2))
    places[:, : best.shape[1]] = rows @ (best * signs)
    return places
