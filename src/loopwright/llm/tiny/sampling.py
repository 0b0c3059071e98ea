"""Picks the next token of every sequence of a batch at once: temperature, top-p, what a grammar allows, log-probabilities."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import shake_256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopwright.llm.tiny.network import GRID, SPAN, Floats, Ints
from loopwright.llm.tiny.tokens import PAD, SPECIALS, USER

GREEDY = np.float32(2.0**20 / GRID)
"""So sharp that one step of the grid decides; with a draw of 0 the first of equals wins."""

COLDEST = 1e-4


class Chosen(NamedTuple):
    """A token for each row, and its log-probability at temperature 1 among all that the model could have said."""

    tokens: Ints
    logprobs: NDArray[np.float64]


class Mask(NamedTuple):
    """What one row may say: 0 for what it may, minus infinity for the rest."""

    row: int
    allowed: Floats


def sharpness(temperature: float) -> np.float32:
    """What logits are multiplied by before their exponentials are weights."""
    return GREEDY if temperature < COLDEST else np.float32(1.0 / (GRID * temperature))


def draws(key: bytes, count: int) -> NDArray[np.float64]:
    """The uniform numbers in [0, 1) of a sequence: a function of its key alone."""
    bits = np.frombuffer(shake_256(key).digest(8 * count), "<u8")
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def choose(
    logits: Floats, words: int, sharp: Floats, top_p: Floats, drawn: NDArray[np.float64], masks: Iterable[Mask]
) -> Chosen:
    """One token per row of `logits`, which it uses up."""
    logits[:, words:] = -np.inf
    logits[:, PAD] = -np.inf
    logits[:, USER : len(SPECIALS)] = -np.inf
    logits -= logits.max(axis=1, keepdims=True)
    weights = np.exp(logits * np.float32(1.0 / GRID))
    totals = np.log(np.add.reduce(weights, axis=1, dtype=np.float64))
    lowered = np.zeros(len(logits), np.float32)
    for row, allowed in masks:
        logits[row] += allowed
        lowered[row] = logits[row].max()
        logits[row] -= lowered[row]
    np.exp(np.multiply(logits, sharp[:, None], out=weights), out=weights)
    for row in np.flatnonzero(top_p < 1.0).tolist():
        _trim(weights[row], float(top_p[row]))
    tokens = _draw(weights, np.where(sharp == GREEDY, 0.0, drawn))
    said = logits[np.arange(len(tokens)), tokens] + lowered
    return Chosen(tokens, said.astype(np.float64) / GRID - totals)


def _trim(weights: Floats, share: float) -> None:
    """Keeps the likeliest tokens that together have at least that share; of equals all or none."""
    order = np.sort(weights)[::-1]
    sums = np.cumsum(order, dtype=np.float64)
    last = int(np.searchsorted(sums, share * sums[-1]))
    weights[weights < order[min(last, len(order) - 1)]] = 0.0


def _draw(weights: Floats, drawn: NDArray[np.float64]) -> Ints:
    """The token at the drawn share of each row's weights: first its block of the vocabulary, then its place there."""
    rows = np.arange(len(weights))
    blocks = weights.reshape(len(rows), -1, SPAN)
    sums = np.cumsum(np.add.reduce(blocks, axis=2, dtype=np.float64), axis=1)
    sought = drawn * sums[:, -1]
    block = _at(sums, sought)
    before = np.where(block > 0, sums[rows, block - 1], 0.0)
    within = np.cumsum(blocks[rows, block], axis=1, dtype=np.float64)
    return block * SPAN + _at(within, sought - before)


def _at(sums: NDArray[np.float64], sought: NDArray[np.float64]) -> Ints:
    """The first place whose running sum exceeds what is sought; never one that adds nothing."""
    past = np.count_nonzero(sums <= sought[:, None], axis=1)
    last = np.count_nonzero(sums < sums[:, -1:], axis=1)
    found: Ints = np.minimum(past, last)
    return found
