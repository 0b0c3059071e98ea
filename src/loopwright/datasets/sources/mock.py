"""Made-up sums in words, of the kind that the embedded model can do: to try a workflow with no file at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from loopwright.policy.keyed import Keyed
from loopwright.records import Example
from loopwright.spec.blocks import Block

_NAMES = ("Tom", "Anna", "Sam", "Maria", "Omar", "Nina", "Paul", "Ruth", "Leo", "Emma", "Max", "Lucy")
_THINGS = ("apples", "pens", "books", "coins", "cards", "stamps", "marbles", "stickers", "cookies", "pencils")
_BOXES = ("boxes", "bags", "baskets", "jars")


class Mock(Block):
    checker: ClassVar[str] = "gsm8k_numeric"

    count: Annotated[int, Field(ge=1, description="how many")] = 1000
    key: Annotated[int, Field(ge=0, lt=2**63, description="another key makes other sums")] = 0

    def examples(self, base: Path) -> Iterator[Example]:
        return (_sum(number, Keyed(self.key, number, purpose="sum")) for number in range(1, self.count + 1))


def _sum(number: int, rng: Keyed) -> Example:
    one, other, thing = rng.choice(_NAMES[::2]), rng.choice(_NAMES[1::2]), rng.choice(_THINGS)
    question, answer = rng.choice((_bought_and_sold, _given, _packed))(rng, one, other, thing)
    return Example(f"q{number}", {"question": question}, str(answer))


def _bought_and_sold(rng: Keyed, one: str, other: str, thing: str) -> tuple[str, int]:
    a, b = 11 + rng.below(50), 3 + rng.below(38)
    c = 2 + rng.below(a + b - 2)
    said = f"{one} has {a} {thing}. {other} brings {b} more. Then {c} are sold."
    return f"{said} How many {thing} are left?", a + b - c


def _given(rng: Keyed, one: str, other: str, thing: str) -> tuple[str, int]:
    a, b = 21 + rng.below(78), 2 + rng.below(19)
    return f"{one} has {a} {thing}. {one} gives {b} to {other}. How many {thing} does {one} have now?", a - b


def _packed(rng: Keyed, one: str, other: str, thing: str) -> tuple[str, int]:
    a, b = 2 + rng.below(8), 3 + rng.below(22)
    c = 1 + rng.below(a * b - 1)
    said = f"{one} has {a} {rng.choice(_BOXES)} with {b} {thing} in each. {one} gives {c} to {other}."
    return f"{said} How many {thing} does {one} have now?", a * b - c
