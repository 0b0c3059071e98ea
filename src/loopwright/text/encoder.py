"""The encoder of a BERT model in numpy: token ids in, one vector of length 1 per text out, the mean of its last layer.

The vector of a text depends on that text alone, bit for bit: texts of equal length are computed side by side, without
padding, by one matrix product each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopwright.text.embedding import Floats

Ints = NDArray[np.int64]


class Linear(NamedTuple):
    matrix: Floats
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        made: Floats = x @ self.matrix + self.bias
        return made


class Norm(NamedTuple):
    gain: Floats
    bias: Floats
    epsilon: float

    def __call__(self, x: Floats) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(self.epsilon))
        made: Floats = centred / spread * self.gain + self.bias
        return made


class Layer(NamedTuple):
    """One layer of the encoder: attention, then two dense layers, each added to its input and brought to size."""

    query_key_value: Linear
    attended: Linear
    first_norm: Norm
    wide: Linear
    narrow: Linear
    second_norm: Norm

    def __call__(self, x: Floats, heads: int) -> Floats:
        x = self.first_norm(x + self.attended(_attention(self.query_key_value(x), heads)))
        return self.second_norm(x + self.narrow(_gelu(self.wide(x))))


class Encoder:
    """From the weights by the names that BERT's have; a name that is missing is a KeyError."""

    def __init__(self, weights: Mapping[str, Floats], layers: int, heads: int, epsilon: float) -> None:
        self._words = weights["embeddings.word_embeddings.weight"]
        self._places = weights["embeddings.position_embeddings.weight"]
        self._kind = weights["embeddings.token_type_embeddings.weight"][0]
        self._norm = _norm(weights, "embeddings.LayerNorm", epsilon)
        self._layers = [_layer(weights, f"encoder.layer.{n}", epsilon) for n in range(layers)]
        self._heads = heads
        self.longest, self.dims = self._places.shape

    def vectors(self, ids: Ints) -> Floats:
        """Of texts of equal length, one a row."""
        x = self._norm(self._words[ids] + self._places[: ids.shape[1]] + self._kind)
        for layer in self._layers:
            x = layer(x, self._heads)
        mean = x.mean(axis=1)
        made: Floats = mean / np.sqrt((mean * mean).sum(axis=1, keepdims=True))
        return made


def _attention(query_key_value: Floats, heads: int) -> Floats:
    texts, length, width = query_key_value.shape
    split = query_key_value.reshape(texts, length, 3, heads, width // 3 // heads)
    query, key, value = np.ascontiguousarray(split.transpose(2, 0, 3, 1, 4))
    scores = query @ key.swapaxes(-1, -2) / np.float32(math.sqrt(query.shape[-1]))
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed = scores / scores.sum(axis=-1, keepdims=True) @ value
    made: Floats = np.ascontiguousarray(mixed.transpose(0, 2, 1, 3)).reshape(texts, length, width // 3)
    return made


def _gelu(x: Floats) -> Floats:
    """x times the normal distribution function, by formula 7.1.26 of Abramowitz and Stegun: within 1.5e-7."""
    z = np.abs(x) * np.float32(math.sqrt(0.5))
    t = np.reciprocal(np.float32(1) + np.float32(0.3275911) * z)
    tail: Floats = np.zeros_like(x)
    for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail = (tail + np.float32(factor)) * t
    tail *= np.exp(-z * z)
    made: Floats = np.float32(0.5) * x * (1 + np.sign(x) * (1 - tail))
    return made


def _linear(weights: Mapping[str, Floats], *names: str) -> Linear:
    """Several that read the same input become one."""
    matrix = np.concatenate([weights[f"{name}.weight"] for name in names]).T
    return Linear(np.ascontiguousarray(matrix), np.concatenate([weights[f"{name}.bias"] for name in names]))


def _norm(weights: Mapping[str, Floats], name: str, epsilon: float) -> Norm:
    return Norm(weights[f"{name}.weight"], weights[f"{name}.bias"], epsilon)


def _layer(weights: Mapping[str, Floats], name: str, epsilon: float) -> Layer:
    attention = f"{name}.attention"
    return Layer(
        _linear(weights, *(f"{attention}.self.{part}" for part in ("query", "key", "value"))),
        _linear(weights, f"{attention}.output.dense"),
        _norm(weights, f"{attention}.output.LayerNorm", epsilon),
        _linear(weights, f"{name}.intermediate.dense"),
        _linear(weights, f"{name}.output.dense"),
        _norm(weights, f"{name}.output.LayerNorm", epsilon),
    )
