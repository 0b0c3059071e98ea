"""Rows that stand in two sets: found however they are written, and none where there is none."""

from __future__ import annotations

from loopwright.learn.nearness import nearness

OTHERS = ["Where is my parcel?", "I want my money back", "My password does not work"]


def test_equal_texts_are_found_whatever_their_case_and_gaps() -> None:
    found = nearness(["something else entirely", "where  is MY parcel?"], OTHERS)
    assert (found.rows, found.equal, found.near, found.places) == (2, 1, 0, (1,))
    assert found.closest[0] == ("where  is MY parcel?", "Where is my parcel?", 1.0, True)


def test_nearly_equal_texts_are_told_from_others() -> None:
    found = nearness(["I want my money back!", "how much is a loan", "The password does nothing"], OTHERS)
    assert (found.equal, found.near, found.places) == (0, 1, (0,))
    assert [pair.nearest for pair in found.closest[:1]] == ["I want my money back"]
    assert sum(found.spread) == 3


def test_nothing_is_near_nothing() -> None:
    assert nearness([], OTHERS).share == nearness(OTHERS, []).share == 0.0
