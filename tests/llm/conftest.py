"""Weights for the embedded model as tests want them: of the right format, quickly made, and knowing nothing; and a session to
speak HTTP in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import aiohttp
import numpy as np
import orjson
import pytest

from loopwright.llm.prompts import reprompts
from loopwright.llm.tiny.tokens import END, pieces, vocabulary

SPOKEN = """
What is Where my parcel I want money back refund delivery judge row rows plan classify reason follows fill direct steps
polite text label One sentence about casual words Answer that wrong are you sure check your answer step the again it give
""" + " ".join(again.text for again in reprompts())
WORDS = [f" {first}{rest}" for first in "bcdfghklmnprst" for rest in ("a", "en", "i", "olo", "urt")]
Made = Callable[..., Path]


def write_weights(path: Path, words: Sequence[str] = WORDS, *, width: int = 32, context: int = 160, ends_at: int = 0) -> Path:
    """`ends_at` makes it inclined to end there."""
    random = np.random.default_rng(0)
    tokens = vocabulary(words)
    arrays = {
        "embed": random.standard_normal((len(tokens), width)) * 0.3,
        "positions": random.standard_normal((context, width)) * 0.1,
        "norm": np.ones(width),
    }
    if ends_at:
        arrays["positions"][ends_at:] += 100 * arrays["embed"][END]
    for layer in range(2):
        for name, shape in (("qkv", (width, 3 * width)), ("out", (width, width))):
            arrays[f"{layer}.{name}"] = random.standard_normal(shape) * 0.3
        for name, shape in (("up", (width, 4 * width)), ("down", (4 * width, width))):
            arrays[f"{layer}.{name}"] = random.standard_normal(shape) * 0.2
        arrays |= {f"{layer}.norm1": np.ones(width), f"{layer}.norm2": np.ones(width)}
    sizes = {"format": 1, "width": width, "layers": 2, "heads": 2, "context": context}
    meta = orjson.dumps({**sizes, "vocabulary": tokens, "trained": {"digest": "d" * 32}})
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    np.savez(path, allow_pickle=False, meta=np.frombuffer(meta, np.uint8), **halves)
    return path


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weights(tmp_path_factory.mktemp("tiny") / "weights.npz")


@pytest.fixture(scope="session")
def worldly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights that know the words of the tests, still without any sense."""
    return write_weights(tmp_path_factory.mktemp("tiny") / "weights.npz", known(), context=256)


@pytest.fixture(scope="session")
def ending(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights that come to an end after some words."""
    return write_weights(tmp_path_factory.mktemp("tiny") / "weights.npz", known(), ends_at=16)


def known() -> list[str]:
    words = {f"{space}{word}" for word in pieces(SPOKEN) for space in ("", " ")} | {word.strip() for word in pieces(SPOKEN)}
    signs = {f" {sign}" for sign in "0123456789+-x*|,.:?"}
    return sorted({*WORDS, *signs, *words})


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened
