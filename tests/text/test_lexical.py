"""The lexical embedding: rows of length 1 that see wording, the same bits alone and in company, here and in another process."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loopwright.text.embedding import Embedder, Lexical

TEXTS = ["Where is my parcel?", "wher is my  parcel", "I want my money back", "", "a", "東京タワー", "\ud800", "🙂" * 50]


def test_it_says_what_it_is() -> None:
    embedder: Embedder = Lexical()
    assert (embedder.name, embedder.dims) == ("lexical", 512)
    assert embedder.embed([]).shape == (0, 512)


@given(st.lists(st.text(max_size=60), max_size=8), st.sampled_from([1, 2, 64, 300]))
@example(TEXTS, 512)
def test_rows_have_length_one_and_do_not_depend_on_their_company(texts: list[str], dims: int) -> None:
    embedder = Lexical(dims)
    rows = embedder.embed(texts)
    assert rows.dtype == np.float32 and rows.shape == (len(texts), dims)
    assert np.allclose((rows.astype(np.float64) ** 2).sum(axis=1), 1, atol=1e-6)
    for text, row in zip(texts, rows, strict=True):
        assert embedder.embed([text]).tobytes() == row.tobytes()


def test_more_texts_than_are_embedded_at_once() -> None:
    texts = [f"text number {n}" for n in range(600)]
    rows = Lexical().embed(texts)
    assert rows[513].tobytes() == Lexical().embed(texts[513:514]).tobytes()


def test_the_same_words_are_near_and_other_words_are_not() -> None:
    one, typo, other = Lexical().embed(["Where is my parcel?", "WHERE is my parcell?", "I want my money back"])
    assert one @ typo > 0.85
    assert one @ other < 0.3


PROGRAM = """
import sys, hashlib
from loopwright.text.embedding import Lexical
texts = [f"text {n}, größer als {n * n} und 東京" for n in range(300)]
print(hashlib.sha256(Lexical().embed(texts).tobytes()).hexdigest())
"""


@pytest.mark.parametrize("seed", ["0", "1"])
def test_another_process_makes_the_same_bits(seed: str) -> None:
    environment = {"PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    texts = [f"text {n}, größer als {n * n} und 東京" for n in range(300)]
    assert done.stdout.strip() == hashlib.sha256(Lexical().embed(texts).tobytes()).hexdigest()
