"""How well stated confidences order what is right before what is wrong, and how far they can be taken at their word."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopwright.measure.intervals import Interval

BUCKETS = 10
DRAWS, RESAMPLES = 1000, 400
_SEED = 77
Numbers = NDArray[np.float64]


class Bucket(NamedTuple):
    """Predictions of about one confidence: how many, their mean confidence, and how many were right."""

    n: int
    confidence: float
    right: int


class Calibration(NamedTuple):
    """`auroc`, with its interval by a bootstrap of whole groups; Brier's score; the expected calibration error, beside what a
    perfectly calibrated model would stay below in 95 of 100 samples of the same confidences."""

    n: int
    groups: int
    base: float
    auroc: float
    auroc_within: Interval
    brier: float
    error: float
    error_by_chance: float
    buckets: tuple[Bucket, ...]


def calibration(confidences: Sequence[float], right: Sequence[bool], groups: Sequence[Hashable]) -> Calibration:
    """Of each answer what was said, whether it was right, and its question: answers to one question go together."""
    said, truth = np.array(confidences, float), np.array(right, float)
    order = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    owners = np.array([order[group] for group in groups], int)
    buckets = reliability(said, truth)
    return Calibration(
        len(truth),
        len(order),
        float(truth.mean()) if len(truth) else 0.0,
        auroc(said, truth),
        _within(said, truth, owners),
        float(((said - truth) ** 2).mean()) if len(truth) else 0.0,
        calibration_error(buckets),
        _by_chance(said),
        buckets,
    )


def auroc(said: Numbers, truth: Numbers) -> float:
    """The chance that a right answer was said with more confidence than a wrong one, ties as one half; no number where
    either lacks."""
    positive = int(truth.sum())
    negative = len(truth) - positive
    if not positive or not negative:
        return float("nan")
    _, places, counts = np.unique(said, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return float((ranks[truth > 0].sum() - positive * (positive + 1) / 2) / (positive * negative))


def reliability(said: Numbers, truth: Numbers) -> tuple[Bucket, ...]:
    """Ten buckets of equal width."""
    places = _places(said)
    n = np.bincount(places, minlength=BUCKETS)
    total, right = (np.bincount(places, column, BUCKETS) for column in (said, truth))
    return tuple(
        Bucket(int(n[at]), float(total[at] / n[at]) if n[at] else (at + 0.5) / BUCKETS, round(right[at]))
        for at in range(BUCKETS)
    )


def calibration_error(buckets: Sequence[Bucket]) -> float:
    """How far confidence and accuracy are apart, on average over all predictions."""
    total = sum(bucket.n for bucket in buckets)
    return sum(abs(bucket.right - bucket.n * bucket.confidence) for bucket in buckets) / total if total else 0.0


def _within(said: Numbers, truth: Numbers, owners: NDArray[np.int64]) -> Interval:
    """Of the AUROC, by drawing whole groups again and again; of draws that tell nothing it is silent."""
    if len(np.unique(truth)) < 2:
        return Interval(0.0, 1.0)
    order = np.argsort(owners, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(owners[order])) + 1)
    random = np.random.default_rng(_SEED)
    drawn = (np.concatenate([members[at] for at in random.integers(0, len(members), len(members))]) for _ in range(RESAMPLES))
    low, high = np.nanquantile([auroc(said[some], truth[some]) for some in drawn], (0.025, 0.975))
    return Interval(float(low), float(high))


def _by_chance(said: Numbers) -> float:
    """What the calibration error stays below, in 95 of 100 draws, where every answer is right as often as was said."""
    if not len(said):
        return 0.0
    random = np.random.default_rng(_SEED)
    among = np.eye(BUCKETS)[_places(said)]
    total = said @ among
    errors = [np.abs((random.random(len(said)) < said) @ among - total).sum() / len(said) for _ in range(DRAWS)]
    return float(np.quantile(errors, 0.95))


def _places(said: Numbers) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.clip((said * BUCKETS).astype(np.int64), 0, BUCKETS - 1)
    return found
