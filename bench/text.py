"""What looking at texts costs: rows per CPU second and bytes per row as an index grows, and ratios to plain ways.

    python bench/text.py [ROWS]

Two sorts of rows of 8 to 20 words: of any words, and of a grammar, whose rows share most of their wording, so that many must
be compared. Matrix products get one thread, and each index of near duplicates a process of its own, whose memory it is.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from loopwright.policy.keyed import Keyed
from loopwright.text.diversity import diversity
from loopwright.text.embedding import Floats, Lexical
from loopwright.text.encoder import Encoder
from loopwright.text.near import NearDuplicates, shingles
from loopwright.text.nearest import Nearest
from loopwright.text.words import words

ROWS = 100_000
GREETINGS = ("Hi", "Hello there", "Good morning", "Dear team", "Hey", "To whom it may concern")
WISHES = ("I would like to know about", "can you please help me with", "there is a problem with", "I am still waiting for")
THINGS = ("my parcel", "the refund for my order", "the invoice", "my account", "the blue kettle", "the delivery")
ENDS = (
    "it has been {n} days",
    "the number is {n}",
    "I paid {n} euros",
    "please call me at {n}",
    "this is my message number {n}",
)


def varied(count: int) -> Iterator[str]:
    draw = Keyed(1)
    known = ["".join(draw.choice("abcdefghijklmnoprstuvw") for _ in range(2 + draw.below(8))) for _ in range(5000)]
    return (" ".join(draw.choice(known) for _ in range(8 + draw.below(13))) for _ in range(count))


def templated(count: int) -> Iterator[str]:
    draw = Keyed(2)
    for _ in range(count):
        end = draw.choice(ENDS).format(n=draw.below(10**6))
        yield f"{draw.choice(GREETINGS)}, {draw.choice(WISHES)} {draw.choice(THINGS)} and {draw.choice(THINGS)}, {end}."


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def seconds(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


def sizes(rows: int) -> list[int]:
    return [size for size in (1_000, 10_000, 100_000) if size <= rows]


def taken(index: NearDuplicates, rows: Iterable[tuple[int, str]]) -> None:
    """As a run does: what is like none before it stays."""
    for n, text in rows:
        if index.find(text) is None:
            index.add(str(n), text)


def near(sort: Callable[[int], Iterator[str]], rows: int, threshold: float) -> None:
    texts = list(sort(rows))
    before, index, done = resident(), NearDuplicates(threshold), 0
    for size in sizes(len(texts)):
        spent = seconds(lambda done=done, size=size: taken(index, enumerate(texts[done:size], done)))  # type: ignore[misc]
        pace, held = (size - done) / spent, len(index)
        print(
            f"near {threshold}, {sort.__name__}, up to {size:7,} rows: {pace:8,.0f} rows per CPU s; {held:7,} stay, at "
            f"{(resident() - before) / held:6,.0f} bytes each ({index.bytes / held:6,.0f} as it tells)"
        )
        done = size


def near_against_all_pairs(texts: list[str]) -> None:
    index = NearDuplicates(0.8)
    ours = seconds(lambda: taken(index, enumerate(texts)))
    sets = [frozenset(shingles(text)) for text in texts]
    plain = seconds(lambda: [max((len(a & b) / len(a | b) for b in sets[:n]), default=0) for n, a in enumerate(sets)])
    print(f"near 0.8, {len(texts):,} rows: {plain / ours:.0f} times the rows per CPU s of comparing all pairs of sets")


def nearest(texts: list[str]) -> None:
    embedder = Lexical()
    index = Nearest(embedder.dims)
    for size in sizes(len(texts)):
        vectors = embedder.embed(texts[:size])
        for n in range(len(index), size):
            index.add(str(n), vectors[n])
        asked = embedder.embed([f"{text} too" for text in texts[size - 50 : size]])
        ours = seconds(lambda asked=asked: [index.most(vector) for vector in asked])  # type: ignore[misc]
        least = seconds(lambda asked=asked: [index.most(vector, least=0.92) for vector in asked])  # type: ignore[misc]
        bare = seconds(lambda asked=asked, rows=vectors: [(rows @ vector).argmax() for vector in asked])  # type: ignore[misc]
        print(
            f"nearest of {size:7,} rows: {50 / ours:8,.0f} per CPU s, {bare / ours:.2f} times the bare product; from 0.92 on "
            f"{50 / least:8,.0f}, {bare / least:.2f} times; {index.bytes / size:,.0f} bytes each"
        )


def lexical(texts: list[str]) -> None:
    from sklearn.feature_extraction.text import HashingVectorizer

    embedder = Lexical()
    ours = seconds(lambda: embedder.embed(texts))
    alone = seconds(lambda: [embedder.embed([text]) for text in texts[:1000]])
    peer = HashingVectorizer(analyzer="char", ngram_range=(2, 4), n_features=512)
    theirs = seconds(lambda: peer.transform(texts))
    print(
        f"lexical embedding: {len(texts) / ours:,.0f} rows per CPU s in batches, {1000 / alone:,.0f} one by one; "
        f"{theirs / ours:.1f} times those of scikit-learn's HashingVectorizer of the same runs"
    )


def measures(texts: list[str]) -> None:
    for n in (100, 500, 1000):
        spent = seconds(lambda n=n: diversity(texts, Lexical(), n))  # type: ignore[misc]
        print(f"diversity of {n:5,} of {len(texts):,} rows: {spent * 1000:,.0f} ms of CPU")


def encoder() -> None:
    """Of the size of MiniLM-L6, with weights that mean nothing: their number is what costs."""
    width, inner, layers, length = 384, 1536, 6, 16
    draw = np.random.default_rng(0)

    def some(*shape: int) -> Floats:
        return (draw.standard_normal(shape) * 0.05).astype(np.float32)

    held = {f"embeddings.{name}_embeddings.weight": some(512, width) for name in ("word", "position", "token_type")}
    linear = {f"attention.self.{name}": (width, width) for name in ("query", "key", "value")}
    linear |= {"attention.output.dense": (width, width), "intermediate.dense": (inner, width), "output.dense": (width, inner)}
    norms = ["embeddings.LayerNorm"]
    for layer in (f"encoder.layer.{n}" for n in range(layers)):
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
        for name, size in linear.items():
            held |= {f"{layer}.{name}.weight": some(*size), f"{layer}.{name}.bias": some(size[0])}
    for name in norms:
        held |= {f"{name}.weight": np.ones(width, np.float32), f"{name}.bias": some(width)}
    model = Encoder(held, layers, heads=12, epsilon=1e-12)
    ids = draw.integers(0, 512, (64, length))
    model.vectors(ids)
    ours = seconds(lambda: [model.vectors(ids) for _ in range(4)])
    products = [(some(64 * length, size[1]), some(size[1], size[0])) for size in linear.values()]
    bare = seconds(lambda: [rows @ matrix for _ in range(4 * layers) for rows, matrix in products])
    company = bool((model.vectors(ids[5:6])[0] == model.vectors(ids)[5]).all())
    print(
        f"sentences of {length} tokens by a network of MiniLM's size: {256 / ours:,.0f} per CPU s; share of the bare products "
        f"{bare / ours:.2f}; the same bits alone and in company: {company}"
    )


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    some = list(varied(rows))
    print(f"words: {rows / seconds(lambda: [words(text) for text in some]):,.0f} rows per CPU s")
    for sort, threshold in ((varied, 0.8), (varied, 0.95), (templated, 0.8), (templated, 0.95)):
        own = get_context("spawn").Process(target=near, args=(sort, rows, threshold))
        own.start()
        own.join()
        if own.exitcode:
            sys.exit(f"the process of an index ended with {own.exitcode}")
    near_against_all_pairs(some[:1000])
    lexical(some[:20_000])
    nearest(some)
    measures(some[:20_000])
    encoder()


if __name__ == "__main__":
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    if not one_thread.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **one_thread})  # numpy reads them when imported
    main()
