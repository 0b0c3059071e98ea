"""What the embedded model makes of a CPU second: tokens, beside the same matrix products done bare in numpy.

    python bench/tiny.py [WEIGHTS]

Whole requests go through the provider: reading, prompt, tokens, text. The bare products are those of the network for the
same sequences and nothing else: the layers' and the vocabulary's on as many rows as ran side by side, in one piece, and
attention's on what each sequence had read. They get one thread: several burn CPU in waiting for each other, and the model's
own products use one in any case. Without weights of its own the package is measured on random ones of the same size.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson

from loopwright.llm.http import Http
from loopwright.llm.messages import Reply, Request, chat
from loopwright.llm.prompts import render
from loopwright.llm.providers import Context
from loopwright.llm.providers.tiny import Tiny
from loopwright.llm.tiny.network import Weights, load
from loopwright.llm.tiny.serving import WEIGHTS
from loopwright.llm.tiny.tokens import pieces, vocabulary
from loopwright.spec.blocks import ModelBlock

PROBLEM = "Tom has {a} apples. Maria gives him {b} more. Then {c} are sold. How many apples are left?"
TOKENS = 40


class Share(NamedTuple):
    """CPU seconds of the requests and of their bare products, and the tokens that were made."""

    ours: float
    bare: float
    tokens: int


def requests(count: int) -> list[Request]:
    problems = [PROBLEM.format(a=20 + n % 70, b=3 + n % 40, c=2 + n % 17) for n in range(count)]
    return [
        Request(chat(render("solve_steps", question=problem)), temperature=0.7, seed=n, max_output_tokens=TOKENS)
        for n, problem in enumerate(problems)
    ]


async def answered(model: Tiny, asked: list[Request], width: int) -> list[Reply]:
    """`width` at a time, a new one whenever one is answered."""
    waiting = iter(asked)

    async def one_after_the_other() -> list[Reply]:
        return [await model.complete(request) for request in waiting]

    return [reply for replies in await asyncio.gather(*(one_after_the_other() for _ in range(width))) for reply in replies]


class Bare:
    """The products of the network's matrices with rows that mean nothing."""

    def __init__(self, weights: Weights, width: int) -> None:
        random = np.random.default_rng(0)
        held = weights.arrays
        self._width = width
        self._layers, self._heads = weights.layers, weights.heads
        self._d = held["embed"].shape[1] // weights.heads
        names = [f"{i}.{name}" for i in range(weights.layers) for name in ("qkv", "out", "up", "down")]
        self._matrices = [np.ascontiguousarray(held[name]) for name in names]
        self._unembed = np.ascontiguousarray(held["embed"].T)
        context = len(held["positions"])
        self._rows = {
            size: random.standard_normal((4096, size)).astype(np.float32)
            for size in {matrix.shape[0] for matrix in (*self._matrices, self._unembed)}
        }
        shape = (weights.layers, width, weights.heads, self._d, context)
        self._keys = random.standard_normal(shape).astype(np.float32)
        self._values = np.ascontiguousarray(self._keys.swapaxes(-1, -2))
        self._queries = random.standard_normal((width, weights.heads, 1, self._d)).astype(np.float32)

    def prompt(self, length: int) -> None:
        """One sequence's prompt: all its rows at once."""
        for matrix in self._matrices:
            np.matmul(self._rows[matrix.shape[0]][:length], matrix)
        rows = self._rows[self._d * self._heads][:length].reshape(length, self._heads, self._d).swapaxes(0, 1)
        for layer in range(self._layers):
            scores = np.matmul(rows, self._keys[layer, 0, :, :, :length])
            np.matmul(scores, self._values[layer, 0, :, :length])

    def step(self, place: int) -> None:
        """One token of each sequence, each of which has read `place`."""
        for matrix in self._matrices:
            np.matmul(self._rows[matrix.shape[0]][: self._width], matrix)
        np.matmul(self._rows[self._unembed.shape[0]][: self._width], self._unembed)
        for layer in range(self._layers):
            scores = np.matmul(self._queries, self._keys[layer, :, :, :, :place])
            np.matmul(scores, self._values[layer, :, :, :place])


def measured(model: Tiny, weights: Weights, width: int, count: int) -> Share:
    began = time.process_time()
    replies = asyncio.run(answered(model, requests(count), width))
    ours = time.process_time() - began
    usages = [reply.usage for reply in replies if reply.usage is not None]
    length, tokens = usages[0].input, sum(usage.output for usage in usages)
    bare = Bare(weights, width)
    began = time.process_time()
    for _ in range(count):
        bare.prompt(length)
    for step in range(tokens // width):
        bare.step(length + step % TOKENS)
    return Share(ours, time.process_time() - began, tokens)


def random_weights(path: Path) -> Path:
    """Of the size of the real ones."""
    random = np.random.default_rng(0)
    width, layers, context = 128, 4, 256
    asked = [piece.strip() for piece in pieces(f"{requests(1)[0].messages[0].content} steps 1 2 3 4 5 6 7 8 9 0")]
    syllables = [f" {first}{second}{third}" for first in "bdfgklmnprst" for second in "aeiou" for third in "lmnrst" + "aeiou"]
    tokens = vocabulary([*asked, *(f" {piece}" for piece in asked if piece), *syllables[:600]])
    shapes = {"qkv": (width, 3 * width), "out": (width, width), "up": (width, 4 * width), "down": (4 * width, width)}
    arrays = {f"{i}.{name}": random.standard_normal(shape) * 0.05 for i in range(layers) for name, shape in shapes.items()}
    arrays |= {f"{i}.norm{n}": np.ones(width) for i in range(layers) for n in (1, 2)} | {"norm": np.ones(width)}
    arrays |= {"embed": random.standard_normal((len(tokens), width)) * 0.1, "positions": np.zeros((context, width))}
    sizes = {"format": 1, "width": width, "layers": layers, "heads": 4, "context": context, "vocabulary": tokens}
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    np.savez(path, allow_pickle=False, meta=np.frombuffer(orjson.dumps(sizes), np.uint8), **halves)
    return path


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        shipped = Path(sys.argv[1]) if len(sys.argv) > 1 else WEIGHTS
        path = shipped if shipped.exists() else random_weights(Path(folder) / "weights.npz")
        model = Tiny(ModelBlock(id="tiny", provider="tiny"), Context(Http()), path)
        weights = load(path)
        asyncio.run(answered(model, requests(64), 64))
        for width, count in ((1, 40), (64, 512)):
            runs = [measured(model, weights, width, count) for _ in range(5)]
            share = sorted(run.bare / run.ours for run in runs)[2]
            pace = sorted(run.tokens / run.ours for run in runs)[2]
            print(f"tiny, {width:2} at a time: {pace:,.0f} tokens per CPU s; share of the bare products {share:.2f}")


if __name__ == "__main__":
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    if not one_thread.items() <= os.environ.items():
        os.execve(
            sys.executable, [sys.executable, *sys.argv], {**os.environ, **one_thread}
        )  # numpy reads them when it is imported
    main()
