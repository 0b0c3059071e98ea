"""The nearest vector is the nearest: the same as an exact search, whatever comes when, and in the last bit."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.text.embedding import Floats, Lexical
from loopwright.text.nearest import BLOCK, LEARNT, OUTLINES, Nearby, Nearest


def units(count: int, dims: int, seed: int = 0) -> Floats:
    drawn = np.random.default_rng(seed).standard_normal((count, dims))
    unit: Floats = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return unit


def exact(one: Floats, other: Floats) -> float:
    return math.fsum(float(a) * float(b) for a, b in zip(one, other, strict=True))


def test_nothing_is_near_where_nothing_is() -> None:
    assert Nearest(8).most(units(1, 8)[0]) is None


def test_across_blocks_it_finds_what_an_exact_search_finds() -> None:
    vectors, asked = units(2 * BLOCK + 3, 16), units(20, 16, seed=1)
    index = Nearest(16)
    for n, vector in enumerate(vectors):
        index.add(str(n), vector)
    for vector in asked:
        place = int(np.argmax(vectors.astype(np.float64) @ vector.astype(np.float64)))
        assert index.most(vector) == Nearby(exact(vectors[place], vector), str(place))
    assert index.most(vectors[-1]) == Nearby(exact(vectors[-1], vectors[-1]), str(2 * BLOCK + 2))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(0, 31))
def test_the_earliest_of_equals_among_those_of_its_time(drawn: list[int], among: int) -> None:
    vectors = units(6, 12)
    index = Nearest(12)
    for n, which in enumerate(drawn):
        index.add(str(n), vectors[which])
    for vector in vectors:
        seen = [exact(vectors[which], vector) for which in drawn[:among]]
        best = index.most(vector, among)
        assert best == (Nearby(max(seen), str(seen.index(max(seen)))) if seen else None)


@pytest.mark.parametrize("dims", [8, 96, 300])
@pytest.mark.parametrize("least", [-1, 0.0, 0.3, 0.9, 0.999999, 1.0])
def test_what_is_asked_to_be_near_is_the_nearest_or_nothing(dims: int, least: float) -> None:
    some = units(60, dims)
    vectors = np.concatenate([some, some + 0.3 * units(60, dims, seed=1), some + 0.01 * units(60, dims, seed=2)])
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    index = Nearest(dims)
    for n, vector in enumerate(vectors[::2]):
        index.add(str(n), vector)
    for vector in vectors:
        best = index.most(vector)
        assert best is not None
        assert index.most(vector, least=least) == (best if best.similarity >= least else None)


@pytest.mark.parametrize("least", [0.3, 0.92])
def test_what_was_learned_of_the_vectors_changes_no_answer(least: float) -> None:
    """Those learned from lie in a few directions, of those added later and asked for half do not."""
    flat = units(40, 128) @ (units(128, 128, seed=1) * (np.arange(128) < 20)[:, None])
    drawn = np.concatenate([flat[np.arange(LEARNT) % 40] + 0.1 * units(LEARNT, 128, seed=2), units(200, 128, seed=3)])
    vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    index = Nearest(128)
    for n, vector in enumerate(vectors):
        index.add(str(n), vector)
    for vector in vectors[::50]:
        asked = 0.8 * vector + 0.6 * units(1, 128, seed=4)[0]
        asked /= np.linalg.norm(asked)
        best = index.most(asked)
        assert best is not None
        assert index.most(asked, least=least) == (best if best.similarity >= least else None)


@pytest.mark.slow
@pytest.mark.parametrize("least", [-1.0, 0.3, 0.92])
def test_several_at_once_are_told_what_each_is_told_alone(least: float) -> None:
    some = units(BLOCK + 400, 128)
    index = Nearest(128)
    for n, vector in enumerate(some):
        index.add(str(n), vector)
    asked = some[::500] + 0.02 * units(len(some[::500]), 128, seed=1)
    asked = np.concatenate([asked, units(6, 128, seed=2)])
    asked = (asked / np.linalg.norm(asked, axis=1, keepdims=True)).astype(np.float32)
    for among in (None, 700, BLOCK + 3):
        found = index.most_of_each(asked, among, least)
        assert found == [index.most(vector, among, least) for vector in asked]
    assert any(found)


def test_what_was_looked_at_before_can_be_left_out() -> None:
    vectors = units(BLOCK + 40, 8)
    index = Nearest(8)
    for n, vector in enumerate(vectors):
        index.add(str(n), vector)
    for since in (0, 30, BLOCK - 1, BLOCK, BLOCK + 39):
        best = int(np.argmax(vectors[since:].astype(np.float64) @ vectors[7])) + since
        assert index.most(vectors[7], since=since) == Nearby(exact(vectors[best], vectors[7]), str(best))
    assert index.most(vectors[7], since=BLOCK + 40) is None


def test_a_difference_in_the_last_bits_decides() -> None:
    near, nearer = units(1, 64)[0], units(1, 64)[0]
    near = near.copy()
    near[5] = np.nextafter(near[5], np.float32(0))
    index = Nearest(64)
    index.add("near", near)
    index.add("nearer", nearer)
    best = index.most(nearer)
    assert best == Nearby(exact(nearer, nearer), "nearer")


def test_asking_for_many_at_once_takes_the_memory_of_blocks_and_not_of_all() -> None:
    index = Nearest(32)
    for n, vector in enumerate(units(3 * BLOCK, 32)):
        index.add(str(n), vector)
    asked = units(400, 32, seed=1)
    tracemalloc.start()
    index.most_of_each(asked)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 12 * BLOCK * len(asked)  # the products with two blocks, and of one a mask


def test_memory_grows_with_the_vectors_and_is_told() -> None:
    index = Nearest(128)
    assert index.bytes < 200
    for n, vector in enumerate(units(2 * LEARNT, 128)):
        index.add(str(n), vector)
    one = (128 + sum(OUTLINES) + len(OUTLINES)) * 4
    assert 0 <= index.bytes / (2 * LEARNT) - one < 20


@pytest.mark.parametrize("text", ["Where is my parcel?", "退款", ""])
def test_a_copy_is_as_near_as_can_be(text: str) -> None:
    embedder = Lexical()
    index = Nearest(embedder.dims)
    for n, vector in enumerate(embedder.embed(["another text", text, "and one more"])):
        index.add(str(n), vector)
    best = index.most(embedder.embed([text])[0])
    assert best is not None and best.id == "1" and best.similarity == pytest.approx(1, abs=1e-6)
