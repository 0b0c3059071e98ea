"""How diverse texts are, by measures from the literature. Each depends on how many texts there are: `diversity` measures
always the same number of them, so that its records can be compared."""

from __future__ import annotations

import gzip
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from loopwright.policy.keyed import Keyed
from loopwright.text.embedding import Embedder, Floats
from loopwright.text.words import words

ORDERS = 4
BLEU_SAMPLE = 100
"""The most texts that self-BLEU compares: the first of the sample, which its hashes have shuffled."""

CUTS = 8
_UNSEEN = 0.1


@dataclass(frozen=True, slots=True)
class Diversity:
    """Of `n` texts. Higher is more diverse, except for `compression_ratio` and `self_bleu`. None: not a single word (or run of
    words) to count, or fewer than two texts to compare."""

    n: int
    embedder: str
    distinct_1: float | None
    distinct_2: float | None
    distinct_3: float | None
    compression_ratio: float
    self_bleu: float | None
    vendi: float
    coverage: float


def diversity(texts: Sequence[str], embedder: Embedder, n: int, seed: int = 0) -> Diversity | None:
    """Of a fixed sample of `n` of the texts; None where there are fewer. Their order does not matter."""
    if not 0 < n <= len(texts):
        return None
    some = sample(texts, n, seed)
    vectors = embedder.embed(some)
    return Diversity(
        n,
        embedder.name,
        distinct_n(some, 1),
        distinct_n(some, 2),
        distinct_n(some, 3),
        compression_ratio(some),
        self_bleu(some[:BLEU_SAMPLE]),
        vendi(vectors),
        coverage(vectors),
    )


def sample(texts: Iterable[str], n: int, seed: int = 0) -> list[str]:
    """`n` of the texts, chosen by a hash of each: the same ones in any order, and among more texts mostly the same."""
    key = seed.to_bytes(8, "big", signed=True)
    times: Counter[str] = Counter()
    ranked = []
    for text in texts:
        place = blake2b(b"%d %s" % (times[text], text.encode("utf-8", "surrogatepass")), digest_size=16, key=key)
        times[text] += 1
        ranked.append((place.digest(), text))
    return [text for _, text in sorted(ranked)[:n]]


def distinct_n(texts: Iterable[str], n: int) -> float | None:
    """Different runs of `n` words per run of `n` words (Li et al. 2016), none across two texts. None where there is no run."""
    seen: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        seen.update(_runs(words(text), n))
    total = seen.total()
    return len(seen) / total if total else None


def compression_ratio(texts: Iterable[str]) -> float:
    """How many times smaller gzip makes the texts, one a line (Shaib et al. 2024). Sorted: their order does not matter."""
    raw = "\n".join(sorted(texts)).encode("utf-8", "surrogatepass")
    return len(raw) / len(gzip.compress(raw, mtime=0))


def self_bleu(texts: Sequence[str]) -> float | None:
    """The mean BLEU of each text with all others as its references (Zhu et al. 2018): 1 where every text has a twin.

    BLEU counts runs of up to four words, or of as many as the text has. A length of which no run is found counts as a tenth
    of a run (Chen and Cherry's first method). None where fewer than two texts have words.
    """
    said = [found for text in texts if (found := words(text))]
    if len(said) < 2:
        return None
    matches = [_matches([Counter(_runs(text, n)) for text in said]) for n in range(1, ORDERS + 1)]
    lengths = Counter(map(len, said))
    return sum(_bleu(len(text), [order[at] for order in matches], lengths) for at, text in enumerate(said)) / len(said)


def vendi(vectors: Floats) -> float:
    """The effective number of different texts: exp of the entropy of the eigenvalues of their similarities (Friedman and Dieng
    2023), from 1 where all are alike to n where none is like another."""
    rows = vectors.astype(np.float64)
    gram = rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows
    return _effective(np.asarray(np.linalg.eigvalsh(gram / len(rows)), np.float64))


def coverage(vectors: Floats, seed: int = 0) -> float:
    """How evenly the texts fill the cells into which fixed random planes cut the space: the effective number of cells over the
    most there could be, for n texts the smaller of n and 2^`CUTS`. The cells do not depend on the texts."""
    sides = vectors.astype(np.float64) @ _planes(vectors.shape[1], seed) > 0
    _, counts = np.unique(sides @ (1 << np.arange(CUTS)), return_counts=True)
    most: int = min(len(vectors), 1 << CUTS)
    return _effective(counts / len(vectors)) / most


def _effective(shares: NDArray[np.float64]) -> float:
    """How many equal shares would have the same entropy."""
    there = shares[shares > 1e-12]
    return math.exp(-math.fsum((there * np.log(there)).tolist()))


@lru_cache(maxsize=4)
def _planes(dims: int, seed: int) -> NDArray[np.float64]:
    return np.array(Keyed(seed, purpose="planes").normals(dims * CUTS)).reshape(dims, CUTS)


def _runs(said: list[str], n: int) -> Iterable[tuple[str, ...]]:
    return zip(*(said[at:] for at in range(n)), strict=False)


def _matches(counted: list[Counter[tuple[str, ...]]]) -> list[int]:
    """For each text how many of its runs are in another one, each at most as often as where it is most frequent."""
    first: dict[tuple[str, ...], int] = {}
    second: dict[tuple[str, ...], int] = {}
    for runs in counted:
        for run, times in runs.items():
            most = first.get(run, 0)
            second[run] = max(second.get(run, 0), min(times, most))
            first[run] = max(times, most)
    # A text that itself has the most of a run is matched by the runner-up, which is as many where two share the first place.
    return [sum(min(n, first[run] if n < first[run] else second[run]) for run, n in runs.items()) for runs in counted]


def _bleu(length: int, matches: list[int], lengths: Counter[int]) -> float:
    orders = range(1, min(ORDERS, length) + 1)
    logs = [math.log((matches[n - 1] or _UNSEEN) / (length - n + 1)) for n in orders]
    others = (other for other, texts in lengths.items() if texts > (other == length))
    reference = min(others, key=lambda other: (abs(other - length), other))
    return math.exp(min(0.0, 1 - reference / length) + math.fsum(logs) / len(logs))
