"""What agrees in a whole band is found, whenever it was added."""

from __future__ import annotations

import random

import pytest

from loopwright.text.bands import FIRST, LARGEST, Agreeing

NUMBER, WIDTH, LENGTH = 4, 3, 14


def signatures(draw: random.Random, count: int) -> list[bytes]:
    """Of few values, so that many agree, in several bands, and in bands of other places."""
    return [bytes(draw.choices(range(6), k=LENGTH)) for _ in range(count)]


def agree(one: bytes, other: bytes) -> bool:
    return any(one[at : at + WIDTH] == other[at : at + WIDTH] for at in range(0, NUMBER * WIDTH, WIDTH))


@pytest.mark.parametrize("first, largest", [(8, 8), (8, 32), (FIRST, LARGEST)])
@pytest.mark.parametrize("count", [0, 1, 8, 24, 31, 600])
def test_it_finds_what_comparing_all_finds(first: int, largest: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopwright.text.bands.FIRST", first)
    monkeypatch.setattr("loopwright.text.bands.LARGEST", largest)
    draw = random.Random(count)
    held, index = signatures(draw, count), Agreeing(NUMBER, WIDTH, LENGTH)
    for signature in held:
        index.add(signature)
    assert len(index) == count
    for asked in signatures(draw, 20):
        found = [(place, signature) for place, signature in enumerate(held) if agree(signature, asked)]
        for since in (0, count // 2, count):
            assert list(index.find(asked, since)) == [each for each in found if each[0] >= since]


def test_the_last_of_a_full_table_is_found() -> None:
    """Places take two bytes, of which none may be too few."""
    index = Agreeing(1, 3, 3)
    for number in range(FIRST + LARGEST):
        index.add(number.to_bytes(3))
    for place in (0, FIRST - 1, FIRST, FIRST + LARGEST - 1):
        assert list(index.find(place.to_bytes(3))) == [(place, place.to_bytes(3))]
