"""What a run keeps for generators to build on: bounded, the same in any order, never handed to two batches at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from loopwright.quality.gate import View
from loopwright.workflows.datagen.material import FOLD, FOLDS, LEAST, MOST, Past, Shelf

EMPTY = View({})


def past(number: int) -> Past:
    return Past(f"{number}.0", {"text": f"row {number}"})


@given(st.permutations(range(40)))
def test_the_sample_of_accepted_rows_does_not_depend_on_their_order(order: list[int]) -> None:
    shelf, other = Shelf(100), Shelf(100)
    for number in order:
        shelf.accept("a", past(number))
    for number in range(40):
        other.accept("a", past(number))
    kept = {each.id for each in shelf.material(EMPTY).accepted["a"]}
    assert kept == {each.id for each in other.material(EMPTY).accepted["a"]}
    assert len(kept) == LEAST


def test_however_many_rows_there_are_no_more_are_kept() -> None:
    shelf = Shelf(2)
    for number in range(5000):
        shelf.accept("a", past(number))
        shelf.reject("b", past(number))
    material = shelf.material(EMPTY)
    assert len(material.accepted["a"]) == len(material.rejected["b"]) == MOST // 2
    assert [each.id for each in material.rejected["b"]] == [f"{number}.0" for number in range(5000 - MOST // 2, 5000)]
    halves = [int(each.id.split(".")[0]) < 2500 for each in material.accepted["a"]]
    assert 80 < sum(halves) < 176, "a uniform sample is as much of the first half as of the second"


def test_what_a_batch_was_shown_does_not_change() -> None:
    shelf = Shelf(0)
    shelf.reject(None, past(1))
    before = shelf.material(EMPTY)
    shelf.rework(["1.0"])
    shelf.accept(None, past(2))
    assert [each.id for each in before.rejected[None]] == ["1.0"]
    assert before.accepted == {}
    assert shelf.material(EMPTY).rejected == {None: ()}


def test_batches_under_way_at_once_share_the_rejects_out() -> None:
    shelf = Shelf(0)
    for number in range(200):
        shelf.reject(None, past(number))
    parts = [{each.id for each in shelf.material(EMPTY).shared(batch, 4).rejected[None]} for batch in range(6, 10)]
    assert sum(map(len, parts)) == 200
    assert len(set().union(*parts)) == 200
    assert min(map(len, parts)) > 25


def test_a_fold_is_drawn_once_and_inherited() -> None:
    drawn = [past(number).fold for number in range(400)]
    assert set(drawn) == set(range(FOLDS))
    assert Past("x", {}, lineage={FOLD: 5}).fold == 5
