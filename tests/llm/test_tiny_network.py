"""The network computes what its paper says, and what it says of a sequence depends on nothing but that sequence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import UsageError
from loopwright.llm.tiny.batching import Asked, Batch, Said
from loopwright.llm.tiny.network import GRID, Network, Room, Weights, load
from loopwright.llm.tiny.sampling import GREEDY, Mask, choose, draws, sharpness
from loopwright.llm.tiny.tokens import END, MODEL, USER


@pytest.fixture(scope="module")
def loaded(weights: Path) -> Weights:
    return load(weights)


@pytest.fixture(scope="module")
def network(loaded: Weights) -> Network:
    return Network(loaded)


def by_the_book(weights: Weights, tokens: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The logits after the last token, straight from the definition, in double precision."""
    held = {name: array.astype(np.float64) for name, array in weights.arrays.items()}
    x = held["embed"][tokens] + held["positions"][: len(tokens)]
    count, width = x.shape

    def norm(x: np.ndarray[Any, Any], gain: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        normed: np.ndarray[Any, Any] = x * gain / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6)
        return normed

    for i in range(weights.layers):
        mixed = norm(x, held[f"{i}.norm1"]) @ held[f"{i}.qkv"]
        q, k, v = mixed.reshape(count, 3, weights.heads, -1).transpose(1, 2, 0, 3)
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(width // weights.heads)
        scores += np.triu(np.full((count, count), -np.inf), 1)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        x = x + (shares @ v).transpose(1, 0, 2).reshape(count, width) @ held[f"{i}.out"]
        x = x + np.maximum(norm(x, held[f"{i}.norm2"]) @ held[f"{i}.up"], 0) ** 2 @ held[f"{i}.down"]
    logits: np.ndarray[Any, Any] = norm(x, held["norm"])[-1] @ held["embed"].T
    return logits


@pytest.mark.parametrize("length", [1, 2, 5, 63, 64, 65, 129, 160])
def test_the_logits_are_those_of_the_definition(length: int, loaded: Weights, network: Network) -> None:
    tokens = np.random.default_rng(length).integers(5, network.words, length)
    room = Room(network, 4)
    network.read(room, 2, tokens[:-1])
    room.move(2, 0, length - 1)
    found = network.step(room, tokens[-1:], np.array([length - 1]))[0, : network.words] / GRID
    assert np.abs(found - by_the_book(loaded, tokens)).max() < 0.6 / GRID


def any_asked(random: Random, words: int, key: str) -> Asked:
    length = random.randrange(random.choice((2, 40, 130)))
    prompt = (USER, *(random.randrange(5, words) for _ in range(length)), MODEL)
    return Asked(prompt, random.randrange(1, 60), key.encode(), random.choice((0.0, 0.7, 1.0, 1.5)), random.choice((1.0, 0.8)))


def answers(network: Network, weights: Weights, asked: list[Asked], arrivals: Random | None = None) -> list[Said]:
    """What is said to each, when they arrive all at once or a few at a time in another order."""
    batch: Batch[int] = Batch(network, weights.vocabulary)
    waiting = list(enumerate(asked))
    if arrivals is not None:
        arrivals.shuffle(waiting)
    said: dict[int, Said] = {}
    while waiting or len(batch):
        for _ in range(len(waiting) if arrivals is None else arrivals.choice((0, 0, 1, 5))):
            if waiting and len(batch) < batch.slots:
                number, one = waiting.pop()
                batch.join(one, number)
        if len(batch):
            said.update(batch.step())
    return [said[number] for number in range(len(asked))]


@pytest.mark.slow
def test_a_text_is_the_same_alone_in_a_crowd_at_any_place_in_any_order(network: Network, loaded: Weights) -> None:
    random = Random(5)
    asked = [any_asked(random, network.words, str(number)) for number in range(90)]
    alone = [answers(network, loaded, [one])[0] for one in asked]
    assert answers(network, loaded, asked) == alone
    for seed in range(3):
        assert answers(network, loaded, asked, Random(seed)) == alone
    assert len({said.tokens for said in alone}) > 80


@given(st.integers(0, 2**32))
def test_a_text_depends_on_no_neighbour(network: Network, loaded: Weights, seed: int) -> None:
    random = Random(seed)
    mine = any_asked(random, network.words, "mine")
    crowd = [any_asked(random, network.words, str(number)) for number in range(random.randrange(1, 12))]
    place = random.randrange(len(crowd) + 1)
    assert answers(network, loaded, [*crowd[:place], mine, *crowd[place:]])[place] == answers(network, loaded, [mine])[0]


PROGRAM = """
import sys
from pathlib import Path
from random import Random
from loopwright.llm.tiny.batching import Asked, Batch
from loopwright.llm.tiny.network import Network, load
weights = load(Path(sys.argv[1]))
batch, said = Batch(Network(weights), weights.vocabulary), {}
for number in range(20):
    batch.join(Asked((2, *range(5, 40 + number), 3), 40, str(number).encode()), number)
while len(batch):
    said.update(batch.step())
print(sorted(said.items()))
"""


@pytest.mark.slow
def test_one_thread_of_the_library_or_several_say_the_same(weights: Path) -> None:
    texts = set()
    for threads in ("1", "2", "8"):
        environ = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        command = [sys.executable, "-c", PROGRAM, str(weights)]
        texts.add(subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout)
    assert len(texts) == 1


def test_what_is_dropped_leaves_the_others_as_they_are(network: Network, loaded: Weights) -> None:
    asked = [any_asked(Random(number), network.words, str(number)) for number in range(8)]
    batch: Batch[int] = Batch(network, loaded.vocabulary)
    for number, one in enumerate(asked):
        batch.join(one, number)
    said = dict(batch.step())
    for number in (0, 5):
        if number in batch.tickets:
            batch.drop(number)
    while len(batch):
        said.update(batch.step())
    for number, text in said.items():
        assert text == answers(network, loaded, [asked[number]])[0]


def test_at_temperature_0_the_likeliest_token_comes_and_seeds_do_not_matter(network: Network, loaded: Weights) -> None:
    prompt = (USER, 10, 11, 12, MODEL)
    said = answers(network, loaded, [Asked(prompt, 20, key, 0.0) for key in (b"a", b"b")])
    assert said[0] == said[1]
    tokens = list(prompt)
    for token in said[0].tokens:
        logits = by_the_book(loaded, np.array(tokens))
        logits[[0, 2, 3, 4]] = -np.inf
        assert logits.max() - logits[token] < 2 / GRID
        tokens.append(token)


def test_log_probabilities_are_those_at_temperature_1_whatever_the_temperature(network: Network, loaded: Weights) -> None:
    prompt = (USER, 20, 21, MODEL)
    said = answers(network, loaded, [Asked(prompt, 12, b"key", temperature, 0.9) for temperature in (0.0, 0.5, 2.0)])
    for one in said:
        for place, (token, logprob) in enumerate(zip(one.tokens, one.logprobs, strict=True)):
            logits = by_the_book(loaded, np.array([*prompt, *one.tokens[:place]]))
            logits[[0, 2, 3, 4]] = -np.inf
            expected = logits[token] - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
            assert logprob == pytest.approx(expected, abs=2 / GRID)


def drawn_often(temperature: float, top_p: float, mask: np.ndarray[Any, Any] | None = None, times: int = 40_000) -> Any:
    """How often each of 60 tokens comes, and the logits."""
    logits = np.zeros(64, np.float32)
    logits[:60] = np.random.default_rng(1).standard_normal(60) * 1.5
    rows = np.round(np.tile(logits, (times, 1)) * GRID).astype(np.float32)
    masks = [] if mask is None else [Mask(row, mask) for row in range(times)]
    sharp = np.full(times, sharpness(temperature), np.float32)
    chosen = choose(rows, 60, sharp, np.full(times, top_p, np.float32), draws(b"often", times), masks)
    return np.bincount(chosen.tokens, minlength=64) / times, np.round(logits * GRID) / GRID


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (0.5, 1.0), (1.7, 1.0), (1.0, 0.6), (0.7, 0.9)])
def test_tokens_come_as_often_as_temperature_and_top_p_say(temperature: float, top_p: float) -> None:
    times = 4_000 if top_p < 1 else 40_000
    found, logits = drawn_often(temperature, top_p, times=times)
    logits[[0, 2, 3, 4]] = -np.inf
    logits[60:] = -np.inf
    shares = np.exp((logits - logits.max()) / temperature)
    shares /= shares.sum()
    order = np.argsort(-shares)
    kept = order[: int(np.searchsorted(np.cumsum(shares[order]), top_p)) + 1] if top_p < 1 else order
    nucleus = np.zeros(64)
    nucleus[kept] = shares[kept]
    nucleus /= nucleus.sum()
    assert found[nucleus == 0].sum() == 0
    assert np.abs(found - nucleus).max() < 5 * np.sqrt(nucleus.max() / times)


def test_what_a_mask_forbids_never_comes() -> None:
    mask = np.full(64, -np.inf, np.float32)
    mask[[7, 50]] = 0.0
    found, _ = drawn_often(2.0, 1.0, mask, times=500)
    assert found[[7, 50]].sum() == pytest.approx(1.0)
    assert found.min() == 0.0


@given(st.floats(0.0, 1.0, exclude_max=True), st.integers(0, 2**32))
def test_a_token_of_no_weight_never_comes_whatever_is_drawn(drawn: float, seed: int) -> None:
    logits = (np.random.default_rng(seed).standard_normal((1, 128)) * 40 * GRID).round().astype(np.float32)
    for sharp in (sharpness(0.01), sharpness(1.0), GREEDY):
        chosen = choose(logits.copy(), 100, np.array([sharp]), np.ones(1, np.float32), np.array([drawn]), [])
        token = int(chosen.tokens[0])
        assert token == END or 5 <= token < 100


def test_draws_are_uniform_and_a_longer_stream_begins_like_a_shorter_one() -> None:
    stream = draws(b"key", 10_000)
    assert np.array_equal(draws(b"key", 100), stream[:100])
    assert 0.0 <= stream.min() < 0.01
    assert 0.99 < stream.max() < 1.0
    assert abs(stream.mean() - 0.5) < 0.02


def test_a_longer_limit_only_goes_on(network: Network, loaded: Weights) -> None:
    short, long = answers(network, loaded, [Asked((USER, 30, MODEL), most, b"k", 1.0) for most in (5, 30)])
    assert long.tokens[: len(short.tokens)] == short.tokens


def test_a_sequence_ends_where_the_context_does(network: Network, loaded: Weights) -> None:
    prompt = (USER, *[9] * 150, MODEL)
    for said in answers(network, loaded, [Asked(prompt, 1000, bytes([n]), 1.5) for n in range(5)]):
        assert said.ending == "end" or len(said.tokens) == network.context - len(prompt) + 1


def test_a_file_that_holds_no_weights_is_an_error_that_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "weights.npz"
    for content in (None, b"", b"PK\x03\x04 torn"):
        if content is not None:
            broken.write_bytes(content)
        with pytest.raises(UsageError, match="no usable weights"):
            load(broken)
