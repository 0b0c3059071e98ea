"""Near duplicates are found, others are not, and what is found depends on nothing but what was added, in its order."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import UsageError
from loopwright.text.near import MOST_SLOTS, Near, NearDuplicates, bands, shingles

THRESHOLDS = (0.5, 0.7, 0.8, 0.9)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def sentence(draw: random.Random) -> list[str]:
    return ["".join(draw.choices(LETTERS, k=draw.randint(2, 9))) for _ in range(draw.randint(12, 40))]


def changed(draw: random.Random, said: list[str], times: int) -> list[str]:
    made = list(said)
    for _ in range(times):
        made[draw.randrange(len(made))] = "".join(draw.choices(LETTERS, k=5))
    return made


def jaccard(one: str, other: str) -> float:
    a, b = set(shingles(one)), set(shingles(other))
    return len(a & b) / len(a | b)


@pytest.fixture(scope="module")
def planted() -> list[tuple[str, str]]:
    """Texts, and each with zero to twelve of its words replaced."""
    draw = random.Random(5)
    texts = [sentence(draw) for _ in range(1000)]
    return [(" ".join(text), " ".join(changed(draw, text, n % 13))) for n, text in enumerate(texts)]


@pytest.mark.slow
@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_planted_near_duplicates_are_found_and_no_others(threshold: float, planted: list[tuple[str, str]]) -> None:
    index = NearDuplicates(threshold)
    for n, (text, _) in enumerate(planted):
        index.add(str(n), text)
    found = [index.find(copy) for _, copy in planted]
    truth = [jaccard(text, copy) for text, copy in planted]
    assert all(id in (None, str(n)) for n, id in enumerate(found)), "a text of other words was taken for a copy"
    alike = [id for id, true in zip(found, truth, strict=True) if true >= threshold + 0.05]
    apart = [id for id, true in zip(found, truth, strict=True) if true <= threshold - 0.1]
    assert len(alike) >= 50 and len(apart) >= 50
    assert sum(id is not None for id in alike) / len(alike) >= 0.98, "recall"
    assert sum(id is not None for id in apart) / len(apart) <= 0.01, "false alarms"
    said = sum(id is not None for id in found)
    right = sum(id is not None and true >= threshold for id, true in zip(found, truth, strict=True))
    assert right / said >= 0.9, "precision, with the pairs at the threshold"


def test_the_estimate_is_near_the_truth(planted: list[tuple[str, str]]) -> None:
    errors = []
    for text, copy in planted[:300]:
        index = NearDuplicates(0.3)
        index.add("0", text)
        near = index.closest(copy)
        if near:
            errors.append(near.similarity - jaccard(text, copy))
    assert len(errors) > 200
    assert abs(sum(errors) / len(errors)) < 0.01
    assert (sum(error * error for error in errors) / len(errors)) ** 0.5 < 0.04


@pytest.mark.parametrize("threshold", [0.05, 0.3, *THRESHOLDS, 0.95, 0.99])
def test_bands_bring_up_nearly_all_pairs_at_the_threshold(threshold: float) -> None:
    cut = bands(threshold)
    assert cut.found(threshold) >= 0.99
    assert cut.found(threshold / 2) < cut.found(threshold)
    assert 64 <= cut.slots <= MOST_SLOTS


def test_the_closest_is_told_and_the_earliest_of_several() -> None:
    index = NearDuplicates(0.5)
    index.add("far", "my parcel has not arrived, where is it? it should be here by now")
    index.add("first", "my parcel has not arrived yet, where is it?")
    index.add("second", "My parcel has not arrived yet; where is it")
    assert index.closest("my parcel has not arrived yet, where is it!") == Near(1.0, "first")


def test_a_view_sees_what_was_there_at_its_time() -> None:
    index = NearDuplicates(0.8)
    index.add("a", "the first of two texts that are alike")
    then = len(index)
    index.add("b", "quite another text, which came later")
    assert index.find("quite another text, which came later", among=then) is None
    assert index.find("quite another text, which came later") == "b"
    assert index.find("the first of two texts that are alike", among=0) is None


def test_looking_again_says_what_a_whole_look_would() -> None:
    draw = random.Random(7)
    texts = [" ".join(changed(draw, sentence(random.Random(n % 9)), n % 5)) for n in range(400)]
    index = NearDuplicates(0.6)
    for n, text in enumerate(texts):
        index.add(str(n), text)
    for asked in texts[::150]:
        for among in (300, 100, 350, None):
            fresh = NearDuplicates(0.6)
            for n, text in enumerate(texts[:among]):
                fresh.add(str(n), text)
            assert index.closest(asked, among) == fresh.closest(asked)


def test_case_marks_and_gaps_do_not_hide_a_copy() -> None:
    index = NearDuplicates(1)
    index.add("a", "Where is my parcel?")
    assert index.find("  WHERE is   my parcel!! ") == "a"
    assert index.find("Where is my parcels?") is None


@pytest.mark.parametrize("text", ["", "a", "ab", "???", "\ud800", "東京", "🙂🙂"])
def test_texts_that_are_hardly_texts(text: str) -> None:
    index = NearDuplicates(0.8)
    index.add("long", "a text of more than one word")
    assert index.find(text) is None
    index.add("it", text)
    assert index.find(text) == "it"
    assert index.find("a text of more than one word") == "long"


@given(st.lists(st.text(max_size=30), max_size=12))
def test_what_was_added_is_found_as_the_earliest_of_its_kind(texts: list[str]) -> None:
    index = NearDuplicates(1)
    for n, text in enumerate(texts):
        if index.find(text) is None:
            index.add(str(n), text)
    kinds = {tuple(shingles(text)): str(n) for n, text in reversed(list(enumerate(texts)))}
    assert [index.closest(text) for text in texts] == [Near(1.0, kinds[tuple(shingles(text))]) for text in texts]


PROGRAM = """
import random
from loopwright.text.near import NearDuplicates
draw = random.Random(3)
words = ["".join(draw.choices("abcdefgh", k=4)) for _ in range(20)]
index, found = NearDuplicates(0.5), []
for n in range(400):
    text = " ".join(draw.choices(words, k=6))
    found.append(index.closest(text))
    index.add(str(n), text)
print(found)
"""


def test_another_process_finds_the_same() -> None:
    """Whatever seed its hashes have."""
    said = set()
    for seed in ("0", "1"):
        environment = {"PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
        said.add(done.stdout)
    assert len(said) == 1
    assert "Near(" in said.pop()


@pytest.mark.parametrize("threshold", [0, -1, 1.01, float("nan")])
def test_a_threshold_that_means_nothing_is_refused(threshold: float) -> None:
    with pytest.raises(UsageError, match=r"from 0\.05 to 1"):
        NearDuplicates(threshold)


def test_the_index_tells_its_size() -> None:
    index = NearDuplicates(0.8)
    before = index.bytes
    for n in range(3000):
        index.add(f"row-{n}", f"text {n} of three thousand, {n * n}")
    assert len(index) == 3000
    assert 200 < (index.bytes - before) / 3000 < 450
