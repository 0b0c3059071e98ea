"""Measures of diversity against their published definitions, by hand and by their laws."""

from __future__ import annotations

import gzip
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.text.diversity import (
    BLEU_SAMPLE,
    compression_ratio,
    coverage,
    distinct_n,
    diversity,
    sample,
    self_bleu,
    vendi,
)
from loopwright.text.embedding import Floats, Lexical
from loopwright.text.words import words

WORDS = st.sampled_from(["the", "cat", "sat", "on", "a", "mat", "dog"])
SAID = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)
SEVERAL = st.lists(SAID, min_size=2, max_size=8)


def rows(*vectors: list[float]) -> Floats:
    made = np.array(vectors, np.float32)
    unit: Floats = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


@pytest.mark.parametrize(
    ("texts", "n", "share"),
    [
        (["the cat sat", "The cat ran."], 1, 4 / 6),
        (["the cat sat", "The cat ran."], 2, 3 / 4),
        (["the cat sat", "The cat ran."], 3, 2 / 2),
        (["a a a a"], 1, 1 / 4),
        (["a a a a"], 2, 1 / 3),
        (["a b", "c"], 3, None),
        (["...", ""], 1, None),
        ([], 1, None),
    ],
)
def test_distinct_n_by_hand(texts: list[str], n: int, share: float | None) -> None:
    assert distinct_n(texts, n) == share


def test_the_compression_ratio_is_that_of_gzip() -> None:
    raw = b"a text\nanother text\nno text"
    assert compression_ratio(["another text", "no text", "a text"]) == len(raw) / len(gzip.compress(raw))
    assert compression_ratio(["the very same text"] * 100) > 20


def test_self_bleu_by_hand() -> None:
    """Each text has four words; of "the cat sat down" the other has 3, 2 of 3 pairs, 1 of 2 triples, and not the whole."""
    bleu = (3 / 4 * 2 / 3 * 1 / 2 * 0.1 / 1) ** (1 / 4)
    assert self_bleu(["the cat sat down", "The cat sat up"]) == pytest.approx(bleu)


def test_self_bleu_of_a_short_text_is_brief() -> None:
    """ "a b" against "a b c": all its runs are there, but it is shorter; the other way round 2 of 3 words, 1 of 2 pairs."""
    brief = math.exp(1 - 3 / 2)
    long = (2 / 3 * 1 / 2 * 0.1 / 1) ** (1 / 3)
    assert self_bleu(["a b", "a b c"]) == pytest.approx((brief + long) / 2)


def test_self_bleu_counts_a_run_no_more_often_than_one_other_text_has_it() -> None:
    """Of "a a" one "a" is matched by each other text, not two; and its pair by none."""
    assert self_bleu(["a a", "a b", "c a"]) == pytest.approx(((1 / 2 * 0.1) ** (1 / 2) + 2 * (1 / 2 * 0.1) ** (1 / 2)) / 3)


def plain_bleu(text: list[str], others: list[list[str]]) -> float:
    """As the definition reads, with every reference looked at."""
    logs = []
    for n in range(1, min(4, len(text)) + 1):
        runs = Counter(tuple(text[at : at + n]) for at in range(len(text) - n + 1))
        there = [Counter(tuple(other[at : at + n]) for at in range(len(other) - n + 1)) for other in others]
        matched = sum(min(times, max(other[run] for other in there)) for run, times in runs.items())
        logs.append(math.log((matched or 0.1) / sum(runs.values())))
    closest = min((abs(len(other) - len(text)), len(other)) for other in others)[1]
    return min(1.0, math.exp(1 - closest / len(text))) * math.exp(sum(logs) / len(logs))


@given(SEVERAL)
def test_self_bleu_is_the_mean_of_plain_bleus(texts: list[str]) -> None:
    said = [words(text) for text in texts]
    each = [plain_bleu(text, said[:at] + said[at + 1 :]) for at, text in enumerate(said)]
    assert self_bleu(texts) == pytest.approx(sum(each) / len(each))


@pytest.mark.parametrize("texts", [[], ["one text"], ["one text", "..."]])
def test_self_bleu_of_fewer_than_two_texts_is_unknown(texts: list[str]) -> None:
    assert self_bleu(texts) is None


def test_vendi_by_hand() -> None:
    assert vendi(rows([1, 0, 0], [0, 1, 0], [0, 0, 1])) == pytest.approx(3)
    assert vendi(rows([1, 2, 3], [1, 2, 3])) == pytest.approx(1)
    assert vendi(rows([1, 0], [1, 0], [0, 1], [0, 1])) == pytest.approx(2)
    half = math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))  # eigenvalues (1 ± 1/2) / 2
    assert vendi(rows([1, 0], [1 / 2, math.sqrt(3) / 2])) == pytest.approx(half, rel=1e-6)


def test_vendi_is_the_same_by_texts_and_by_dimensions() -> None:
    drawn = np.random.default_rng(0).standard_normal((40, 12))
    vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    wide = np.concatenate([vectors, np.zeros((40, 60), np.float32)], axis=1)
    eigen = np.linalg.eigvalsh(vectors.astype(np.float64) @ vectors.T / 40)
    entropy = -sum(value * math.log(value) for value in eigen if value > 1e-9)
    assert vendi(vectors) == pytest.approx(math.exp(entropy), rel=1e-6)
    assert vendi(wide) == pytest.approx(vendi(vectors), rel=1e-9)


def test_coverage_by_hand() -> None:
    """One cell; two cells half and half (a vector and its opposite are on different sides of every plane); three to one."""
    assert coverage(rows([1, 2, 3], [1, 2, 3])) == pytest.approx(1 / 2)
    assert coverage(rows([1, 2, 3], [-1, -2, -3])) == pytest.approx(1)
    uneven = math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    assert coverage(rows([1, 2], [1, 2], [1, 2], [-1, -2])) == pytest.approx(uneven / 4)


def test_coverage_of_many_directions_is_wide() -> None:
    drawn = np.random.default_rng(0).standard_normal((20_000, 64))
    assert 0.8 < coverage((drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)) <= 1


@given(st.lists(st.text(max_size=20), max_size=12), st.randoms(use_true_random=False), st.integers(0, 12))
def test_a_sample_is_the_same_in_any_order(texts: list[str], draw: object, n: int) -> None:
    shuffled = list(texts)
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    chosen = sample(texts, n)
    assert chosen == sample(shuffled, n)
    assert len(chosen) == min(n, len(texts))
    assert not Counter(chosen) - Counter(texts)


def test_a_sample_is_fair_and_another_seed_draws_another() -> None:
    texts = [str(n) for n in range(20)]
    drawn = Counter(text for seed in range(2000) for text in sample(texts, 5, seed))
    assert all(420 < drawn[text] < 580 for text in texts)
    twice = [sample(["a"] * 10 + ["b"] * 10, 10, seed).count("a") for seed in range(500)]
    assert 4.7 < sum(twice) / 500 < 5.3, "a text that is there ten times is drawn as often as ten texts"


@given(SEVERAL, st.randoms(use_true_random=False), st.integers(1, 8))
def test_the_order_of_the_texts_makes_no_difference(texts: list[str], draw: object, n: int) -> None:
    shuffled = list(texts)
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    assert diversity(texts, Lexical(), n) == diversity(shuffled, Lexical(), n)


def test_it_is_measured_at_n_or_not_at_all() -> None:
    texts = [f"text {n} of a hundred and {n * n}" for n in range(100)]
    one = diversity(texts, Lexical(), 50)
    assert one is not None and (one.n, one.embedder) == (50, "lexical")
    assert one == diversity(sample(texts, 50), Lexical(), 50)
    assert diversity(texts, Lexical(), 101) is None
    assert diversity([], Lexical(), 0) is None


def test_more_of_the_same_kind_is_no_more_diverse() -> None:
    """What unequal numbers would feign: of ten times as many texts each measure says about the same at equal n."""
    kind = [f"order {n} is late" for n in range(100, 1000)]
    few, many = diversity(sample(kind, 60, seed=9), Lexical(), 50), diversity(kind, Lexical(), 50)
    assert few is not None and many is not None
    assert many.distinct_1 == pytest.approx(few.distinct_1, rel=0.1)
    assert many.self_bleu == pytest.approx(few.self_bleu, rel=0.1)
    assert many.vendi == pytest.approx(few.vendi, rel=0.1)


def test_self_bleu_looks_at_no_more_than_its_sample() -> None:
    texts = [f"{n} is a number, as {n * n} is" for n in range(3 * BLEU_SAMPLE)]
    whole = diversity(texts, Lexical(), 3 * BLEU_SAMPLE)
    assert whole is not None and whole.self_bleu == self_bleu(sample(texts, BLEU_SAMPLE))


@given(st.lists(st.lists(WORDS, min_size=4, max_size=8).map(" ".join), min_size=4, max_size=8, unique=True))
def test_duplicates_lower_every_measure(texts: list[str]) -> None:
    """At equal n: the first half twice instead of all once."""
    n = len(texts) // 2 * 2
    once = diversity(texts[:n], Lexical(), n)
    twice = diversity(texts[: n // 2] * 2, Lexical(), n)
    assert once is not None and twice is not None
    assert twice.self_bleu == pytest.approx(1) and (once.self_bleu or 0) <= 1 + 1e-9
    assert twice.vendi <= n // 2 + 1e-6 and twice.vendi <= once.vendi * 2
    assert twice.coverage <= 1 / 2 + 1e-9
    assert (twice.distinct_3 or 0) <= 1 / 2


def test_a_varied_set_beats_a_dull_one_in_every_measure() -> None:
    varied = [f"{a} {b} {c} {d}" for a, b, c, d in zip("abcdefgh", "ijklmnop", "qrstuvwx", "stuvwxyz", strict=True)]
    dull = ["please send my money back"] * 6 + ["please send my money", "send my money back please"]
    one, other = diversity(varied, Lexical(), 8), diversity(dull, Lexical(), 8)
    assert one is not None and other is not None
    for name in ("distinct_1", "distinct_2", "distinct_3", "vendi", "coverage"):
        assert getattr(one, name) > getattr(other, name), name
    assert one.compression_ratio < other.compression_ratio
    assert one.self_bleu is not None and other.self_bleu is not None and one.self_bleu < other.self_bleu
