"""How like real texts generated ones are, as a whole: where there is no label to learn, the two distributions are compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loopwright.learn.linear import Tfidf
from loopwright.learn.ngrams import Ngrams
from loopwright.learn.rows import Rows
from loopwright.measure.intervals import Interval, wilson
from loopwright.measure.samples import Distance, at_least, mean_discrepancy
from loopwright.text.named import embedder

MOST = 500
"""Texts of each side that are compared at most; what is compared grows with the square."""


class Division(NamedTuple):
    """A classifier's guesses at which of two sets texts are from, half of them of each: 0.5 is as good as chance. `p` is the
    probability that a coin guesses as well."""

    rows: int
    accuracy: float
    within: Interval
    p: float


class Surprise(NamedTuple):
    """The perplexity of texts to a small language model that has read one half of the real ones: of the generated texts, and of
    the other half of the real ones."""

    generated: float
    real: float
    vocabulary: int


class Likeness(NamedTuple):
    """Each figure for generated against real texts, and where it helps for one half of the real ones against the other."""

    generated: int
    real: int
    distance: Distance
    distance_of_real: Distance
    division: Division
    surprise: Surprise


def likeness(generated: Sequence[str], real: Sequence[str], seed: int, embedding: str = "lexical") -> Likeness:
    """Needs four texts of each."""
    made, known = (Rows.of(texts, [""] * len(texts)).shuffled(seed, "likeness").texts for texts in (generated, real))
    half = len(known) // 2
    size = min(len(made), half, MOST)
    embed = embedder(embedding).embed
    here, there, rest = embed(made[:size]), embed(known[:size]), embed(known[half : half + size])
    model = Ngrams(known[:half])
    return Likeness(
        len(generated),
        len(real),
        mean_discrepancy(here, there),
        mean_discrepancy(there, rest),
        division(made, known),
        Surprise(model.perplexity(made), model.perplexity(known[half:]), model.size),
    )


def division(made: Sequence[str], known: Sequence[str]) -> Division:
    """Learned from one half of as many texts of each, asked about the other."""
    half = min(len(made), len(known), 2 * MOST) // 2
    model = Tfidf().fit([*made[:half], *known[:half]], ["made"] * half + ["known"] * half)
    said = model.predict([*made[half : 2 * half], *known[half : 2 * half]])
    right = sum(each == ("made" if place < half else "known") for place, each in enumerate(said))
    return Division(2 * half, right / (2 * half), wilson(right, 2 * half), at_least(right, 2 * half))
