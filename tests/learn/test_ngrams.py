"""The small language model: its probabilities are some, and texts like those it read surprise it least."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.learn.ngrams import Ngrams

READ = ["where is my parcel", "where is my money", "my parcel is late", "is my money back", "where is my red parcel"]


def test_a_probability_is_what_the_formula_says() -> None:
    """Of `b` in texts of `a b`: by hand, level by level."""
    model = Ngrams(["a b", "a b", "a a"])
    assert model.size == 4
    one = (2 + 3 * (1 / 4)) / (9 + 3)  # b: 2 of 9 words and ends, of which there are 3 kinds
    two = (2 + 3 * one) / (4 + 3)  # after a: b 2, a 1, the end 1
    three = (2 + 2 * two) / (3 + 2)  # after the beginning and a: b 2, a 1
    assert model.surprises(["a b"])[1] == pytest.approx(math.log(three))


@given(st.lists(st.sampled_from(["where", "is", "my", "parcel", "zebra"]), max_size=4))
def test_what_may_come_next_adds_up_to_one(before: list[str]) -> None:
    model = Ngrams(READ)
    nexts = [*model._ids, "neverseen"]
    said = [model.surprises([" ".join([*before, word])])[len(before)] for word in nexts]
    end = model.surprises([" ".join(before)])[-1]
    assert math.fsum([*np.exp(said), math.exp(end)]) == pytest.approx(1.0)


def test_like_texts_surprise_less_than_others() -> None:
    model = Ngrams(READ)
    like = model.perplexity(["where is my parcel"])
    assert like < model.perplexity(["parcel my is where"]) < model.perplexity(["zebra zebra zebra zebra"]) * 2
    assert 1.0 <= like < model.size


def test_nothing_read_and_nothing_asked_are_no_trouble() -> None:
    assert Ngrams([]).perplexity(["a b"]) == pytest.approx(2.0)
    assert Ngrams(READ).perplexity([]) == Ngrams(READ).size
    assert math.isfinite(Ngrams(READ).perplexity(["", "..."]))
