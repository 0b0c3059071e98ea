"""The network in numpy: a small decoder that reads a prompt into a cache and then takes one token of many sequences at a time.

Its numbers for a sequence depend on that sequence alone, bit for bit. Libraries add up a product in an order that depends
on its shape, the row's place in it and the number of threads. Here every product is a stack of blocks of four rows, and
small enough that no library shares it out among threads; attention goes over blocks of 32 places, added up one by one.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray

from loopwright.errors import UsageError

Floats: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int64]

FORMAT = 1
ROWS = 4
SPAN = 32
GRID = 1024.0
"""Logits are whole multiples of 1/GRID, so that what differs in the last bit between two machines seldom shows."""

_MOST = 2**18
_EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Weights:
    """The arrays of a trained network, and what its file says about them."""

    arrays: Mapping[str, Floats]
    vocabulary: tuple[str, ...]
    heads: int
    layers: int
    digest: str

    @property
    def parameters(self) -> int:
        return sum(array.size for array in self.arrays.values())


def load(path: Path) -> Weights:
    """The weights in a file. Numbers are kept in half precision there."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
        meta: dict[str, Any] = orjson.loads(held.pop("meta").tobytes())
        if meta["format"] != FORMAT:
            raise ValueError(f"format {meta['format']}, not {FORMAT}")
        arrays = {name: array.astype(np.float32) for name, array in held.items()}
        trained = meta.get("trained") or {}
        return Weights(
            arrays, tuple(meta["vocabulary"]), meta["heads"], meta["layers"], str(trained.get("digest", "unknown"))[:12]
        )
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} holds no usable weights of the embedded model: {error}") from None


class Product:
    """A matrix that rows are multiplied by, in columns few enough for one thread."""

    def __init__(self, matrix: Floats) -> None:
        into, out = matrix.shape
        parts = next(count for count in range(1, out + 1) if out % count == 0 and ROWS * into * out // count <= _MOST)
        self.width = out
        self._parts = parts
        blocks = matrix.reshape(into, parts, out // parts).transpose(1, 0, 2)
        self._blocks: Floats = np.ascontiguousarray(blocks if parts > 1 else blocks[0], np.float32)

    def of(self, rows: Floats, out: Floats) -> Floats:
        """`rows` times the matrix; their number is a multiple of four."""
        count, into = rows.shape
        if self._parts == 1:
            np.matmul(rows.reshape(-1, ROWS, into), self._blocks, out=out.reshape(-1, ROWS, self.width))
        else:
            split = out.reshape(count // ROWS, ROWS, self._parts, -1).transpose(0, 2, 1, 3)
            np.matmul(rows.reshape(-1, 1, ROWS, into), self._blocks, out=split)
        return out


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's products. Gains of norms and the scale of attention are multiplied into them."""

    qkv: Product
    out: Product
    up: Product
    down: Product


class Scratch:
    """Room for the numbers of so many rows on their way through the layers."""

    def __init__(self, rows: int, width: int, words: int) -> None:
        self.x, self.normed, self.mixed = (np.zeros((rows, width), np.float32) for _ in range(3))
        self.qkv = np.zeros((rows, 3 * width), np.float32)
        self.hidden, self.floor = (np.zeros((rows, 4 * width), np.float32) for _ in range(2))
        self.logits = np.zeros((rows, words), np.float32)


class Room:
    """What has been read of up to `slots` sequences: keys and values by layer, and which places of each are taken."""

    def __init__(self, network: Network, slots: int) -> None:
        spans, d = -(-network.context // SPAN), network.width // network.heads
        self.keys = np.zeros((network.layers, slots, network.heads, spans, d, SPAN), np.float32)
        self.values = np.zeros((network.layers, slots, network.heads, spans, SPAN, d), np.float32)
        self.taken = np.full((slots, 1, spans, 1, SPAN), -np.inf, np.float32)
        self.scores = np.empty(slots * network.heads * spans * SPAN, np.float32)
        self.parts = np.empty(slots * network.heads * spans * d, np.float32)

    def clear(self, slot: int, length: int) -> None:
        """The slot holds a sequence of which `length` tokens will have been read."""
        places = self.taken[slot].reshape(-1)
        places[:length] = 0.0
        places[length:] = -np.inf

    def move(self, source: int, target: int, length: int) -> None:
        spans = -(-length // SPAN)
        self.keys[:, target, :, :spans] = self.keys[:, source, :, :spans]
        self.values[:, target, :, :spans] = self.values[:, source, :, :spans]
        self.taken[target] = self.taken[source]


class Network:
    """The layers, made ready to be multiplied with. Its methods are for one thread at a time."""

    def __init__(self, weights: Weights) -> None:
        given = weights.arrays
        self.embed, self.positions = given["embed"], given["positions"]
        self.words, self.width = self.embed.shape
        self.context, self.layers, self.heads = len(self.positions), weights.layers, weights.heads
        self.blocks = [self._layer(given, str(index)) for index in range(weights.layers)]
        padded = -(-self.words // SPAN) * SPAN
        unembed = np.zeros((self.width, padded), np.float32)
        unembed[:, : self.words] = self._gained(self.embed.T, given["norm"]) * GRID
        self.unembed = Product(unembed)
        self._scratch: dict[int, Scratch] = {}

    def _gained(self, matrix: Floats, gain: Floats) -> Floats:
        return matrix * (gain * np.float32(self.width) ** 0.5)[:, None]

    def _layer(self, given: Mapping[str, Floats], index: str) -> Layer:
        qkv = self._gained(given[f"{index}.qkv"], given[f"{index}.norm1"])
        qkv[:, : self.width] *= (self.width // self.heads) ** -0.5
        up = self._gained(given[f"{index}.up"], given[f"{index}.norm2"])
        return Layer(Product(qkv), Product(given[f"{index}.out"]), Product(up), Product(given[f"{index}.down"]))

    def scratch(self, rows: int) -> Scratch:
        """Room for at least so many rows, kept for the next time."""
        rows = -(-rows // ROWS) * ROWS
        if rows not in self._scratch:
            self._scratch[rows] = Scratch(rows, self.width, self.unembed.width)
        return self._scratch[rows]

    def read(self, room: Room, slot: int, tokens: Ints) -> None:
        """Reads the beginning of a sequence into a slot."""
        count = len(tokens)
        room.clear(slot, count)
        if not count:
            return
        work = self.scratch(count)
        work.x[:count] = self.embed[tokens]
        work.x[:count] += self.positions[:count]
        work.x[count:] = 0.0
        spans = -(-count // SPAN)
        future = _future(len(work.x), spans)
        for index, layer in enumerate(self.blocks):
            self._attend_within(layer, work, room.keys[index, slot], room.values[index, slot], future)
            if index < self.layers - 1:  # Of the last layer nothing but keys and values is needed.
                self._think(layer, work)

    def _attend_within(self, layer: Layer, work: Scratch, keys: Floats, values: Floats, future: Floats) -> None:
        """Each row looks at itself and the rows before it. Rows beyond the text are padding that nobody looks at."""
        rows, heads, spans = len(work.x), self.heads, future.shape[1]
        _normalise(work)
        q, k, v = layer.qkv.of(work.normed, work.qkv).reshape(rows, 3, heads, -1).transpose(1, 2, 0, 3)
        places = min(rows, self.context)
        for span in range(spans):
            here = slice(span * SPAN, min(places, (span + 1) * SPAN))
            width = here.stop - here.start
            keys[:, span, :, :width] = k[:, here].transpose(0, 2, 1)
            values[:, span, :width] = v[:, here]
        blocks = np.ascontiguousarray(q).reshape(heads, rows // ROWS, 1, ROWS, -1)
        scores = np.matmul(blocks, keys[:, None, :spans])
        scores += future
        shares = _shares(scores)
        mixed = _added(np.matmul(scores, values[:, None, :spans])) / shares
        work.mixed.reshape(rows // ROWS, ROWS, heads, -1)[:] = mixed.transpose(1, 2, 0, 3)

    def step(self, room: Room, tokens: Ints, places: Ints) -> Floats:
        """Reads one more token of each of the first slots; the logits of what may follow, in units of the grid.

        The rows are good until the next step. Those columns that stand for no token are to be left alone.
        """
        count = len(tokens)
        work = self.scratch(count)
        np.add(self.embed[tokens], self.positions[places], out=work.x[:count])
        slots = np.arange(count)
        span, at = np.divmod(places, SPAN)
        room.taken[slots, 0, span, 0, at] = 0.0
        spans = int(span.max()) + 1
        for index, layer in enumerate(self.blocks):
            _normalise(work)
            qkv = layer.qkv.of(work.normed, work.qkv)[:count].reshape(count, 3, self.heads, -1)
            room.keys[index][slots, :, span, :, at] = qkv[:, 1]
            room.values[index][slots, :, span, at] = qkv[:, 2]
            self._attend(work, qkv[:, 0], room, index, spans)
            self._think(layer, work)
        _normalise(work)
        return np.rint(self.unembed.of(work.normed, work.logits), out=work.logits)[:count]

    def _attend(self, work: Scratch, q: Floats, room: Room, index: int, spans: int) -> None:
        count, heads, d = q.shape
        scores = room.scores[: count * heads * spans * SPAN].reshape(count, heads, spans, 1, SPAN)
        np.matmul(q[:, :, None, None, :], room.keys[index, :count, :, :spans], out=scores)
        scores += room.taken[:count, :, :spans]
        shares = _shares(scores)
        parts = room.parts[: count * heads * spans * d].reshape(count, heads, spans, 1, d)
        np.matmul(scores, room.values[index, :count, :, :spans], out=parts)
        np.divide(_added(parts)[:, :, 0], shares[:, :, 0], out=work.mixed[:count].reshape(count, heads, d))

    def _think(self, layer: Layer, work: Scratch) -> None:
        work.x += layer.out.of(work.mixed, work.normed)
        _normalise(work)
        hidden = layer.up.of(work.normed, work.hidden)
        np.maximum(hidden, work.floor, out=hidden)
        np.multiply(hidden, hidden, out=hidden)
        work.x += layer.down.of(hidden, work.normed)


def _normalise(work: Scratch) -> None:
    """Every row over its root of squares; the factors that make this the norm of the paper are in the next product."""
    squares = np.multiply(work.x, work.x, out=work.normed)
    roots = np.add.reduce(squares, axis=-1, keepdims=True)
    roots += np.float32(_EPSILON * work.x.shape[1])
    np.sqrt(roots, out=roots)
    np.divide(work.x, roots, out=work.normed)


def _shares(scores: Floats) -> Floats:
    """Turns scores [..., spans, rows, SPAN] into weights, in place, and returns their sums [..., rows, 1]."""
    scores -= scores.max(axis=(-3, -1), keepdims=True)
    np.exp(scores, out=scores)
    return _added(np.add.reduce(scores, axis=-1, keepdims=True))


def _added(parts: Floats) -> Floats:
    """The sum over the spans, which are the third axis from the end, one after the other."""
    total = parts[..., 0, :, :]
    for span in range(1, parts.shape[-3]):
        total = total + parts[..., span, :, :]
    return total


def _future(rows: int, spans: int) -> Floats:
    """What each row, in blocks of four, must not look at: [blocks, spans, ROWS, SPAN]."""
    places = np.arange(spans * SPAN).reshape(1, spans, 1, SPAN)
    own = np.arange(rows).reshape(-1, 1, ROWS, 1)
    return np.where(places > own, np.float32(-np.inf), np.float32(0.0))
