"""Draws rows from the rules of a sound grammar: weighted, within the depth budget, with one value per row for shared names.

Everything that does not depend on chance is worked out once; a draw only picks alternatives and puts their parts together.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeAlias

from loopwright.policy.keyed import Keyed
from loopwright.workflows.datagen.grammar.drafts import Draft, Slot, Value, draft, joined
from loopwright.workflows.datagen.grammar.rules import Option, Rules, height, shortest
from loopwright.workflows.datagen.grammar.templates import Array, Content, Fill, Hole, Object, Plain, Text

MOST_PARTS = 10_000
"""After so many parts a row ends by the shortest way."""

_Build: TypeAlias = Callable[[Sequence[Value]], Value]


class _Rule:
    """`within[left]` are the choices where so many more rules fit within one another."""

    __slots__ = ("height", "name", "within")

    def __init__(self, name: str, height: int) -> None:
        self.name = name
        self.height = height
        self.within: list[_Choices] = []


@dataclass(frozen=True, slots=True)
class _Choice:
    step: str
    """How the path tells this choice; empty where the rule has no other."""
    holes: tuple[_Rule, ...]
    build: _Build
    fill: bool


@dataclass(frozen=True, slots=True)
class _Choices:
    choices: tuple[_Choice, ...]
    reach: tuple[float, ...]
    """The weights added up."""
    last: int


class _Row:
    """What one draw has come to so far."""

    __slots__ = ("parts", "path", "random", "slots", "values")

    def __init__(self, rng: Keyed, values: dict[str, Value]) -> None:
        self.random = rng.random
        self.values = values
        self.path: list[str] = []
        self.slots: list[Slot] = []
        self.parts = MOST_PARTS


class Drawer:
    """The rules made ready to draw from: those with alternatives that are never drawn left out, and `order` drawn first."""

    def __init__(self, rules: Rules, start: str, order: Iterable[str], depth: int) -> None:
        self._depth = depth
        heights = shortest(rules).heights
        ready = {name: _Rule(name, heights[name]) for name in rules}
        for name, options in rules.items():
            ready[name].within = _within(name, options, ready, heights, depth)
        self._start = ready[start]
        self._first = tuple(ready[name] for name in order)

    def draw(self, rng: Keyed, fixed: Mapping[str, Value]) -> Draft:
        row = _Row(rng, dict(fixed))
        for rule in self._first:
            if rule.name not in row.values:
                row.values[rule.name] = _expanded(rule, self._depth, row)
        data = row.values.get(self._start.name)
        if data is None:
            data = _expanded(self._start, self._depth, row)
        return draft(data, row.values, row.slots, row.path)


def _expanded(rule: _Rule, left: int, row: _Row) -> Value:
    row.parts -= 1
    choices = rule.within[left if row.parts > 0 else rule.height]
    if choices.last:
        total = choices.reach[-1]
        choice = choices.choices[bisect_right(choices.reach, row.random() * total, 0, choices.last)]
    else:
        choice = choices.choices[0]
    if choice.step:
        row.path.append(choice.step)
    known = row.values
    values = [known[hole.name] if hole.name in known else _expanded(hole, left - 1, row) for hole in choice.holes]
    if not choice.fill:
        return choice.build(values)
    slot = Slot(len(row.slots), rule.name, choice.build(values))
    row.slots.append(slot)
    return slot


def _within(
    name: str, options: Sequence[Option], ready: Mapping[str, _Rule], heights: Mapping[str, int], depth: int
) -> list[_Choices]:
    """The choices for each number of rules that may still lie within one another; below the least height there are none."""
    made = [(height(option, heights), option.weight, _choice(name, option, ready, len(options) > 1)) for option in options]
    tallest = min(depth, int(max(least for least, _, _ in made if least < float("inf"))))
    found: list[_Choices] = []
    for left in range(depth + 1):
        if left > tallest:
            found.append(found[-1])
            continue
        fitting = [(weight, choice) for least, weight, choice in made if least <= left]
        most = max((weight for weight, _ in fitting), default=1.0)
        reach = tuple(accumulate(weight / most for weight, _ in fitting))
        found.append(_Choices(tuple(choice for _, choice in fitting), reach, max(len(fitting) - 1, 0)))
    return found


def _choice(name: str, option: Option, ready: Mapping[str, _Rule], told: bool) -> _Choice:
    fill = isinstance(option.content, Fill)
    numbers = iter(range(len(option.holes)))
    build = _builder(option.content, numbers)
    return _Choice(f"{name}.{option.number}" if told else "", tuple(ready[hole] for hole in option.holes), build, fill)


def _builder(content: Content, numbers: Iterator[int]) -> _Build:
    """What makes the content from the values of its holes; `numbers` counts the holes in order."""
    match content:
        case Fill(prompt):
            return _builder(prompt, numbers)
        case Hole(_):
            return _picks(next(numbers))
        case Plain(value, text):
            constant = text if isinstance(value, str) else content
            return lambda _: constant
        case Text(parts):
            return _text(parts, numbers)
        case Object() | Array():
            return _structure(content, numbers)


def _picks(number: int) -> _Build:
    return lambda values: values[number]


def _text(parts: Sequence[str | Hole], numbers: Iterator[int]) -> _Build:
    pieces: list[Value] = [""]  # literals at even places, holes at odd ones
    for part in parts:
        if isinstance(part, Hole):
            pieces += ["", ""]
        else:
            pieces[-1] = part
    held = [next(numbers) for part in parts if isinstance(part, Hole)]
    if len(parts) == 1:
        return _as_text(held[0])
    here = slice(held[0], held[-1] + 1)

    def build(values: Sequence[Value]) -> Value:
        filled = pieces.copy()
        filled[1::2] = values[here]
        return joined(filled)

    return build


def _as_text(number: int) -> _Build:
    def build(values: Sequence[Value]) -> Value:
        value = values[number]
        return value if type(value) is str else joined((value,))

    return build


def _structure(content: Content, numbers: Iterator[int]) -> Callable[[Sequence[Value]], Any]:
    """What makes a structure: in it, a plain value is nothing but that value."""
    match content:
        case Object(pairs):
            keyed = [(key, _structure(child, numbers)) for key, child in pairs]
            return lambda values: {key: make(values) for key, make in keyed}
        case Array(items):
            listed = [_structure(child, numbers) for child in items]
            return lambda values: [make(values) for make in listed]
        case Plain(value, _):
            return lambda _: value
        case Hole(_):
            return _bare(next(numbers))
    return _builder(content, numbers)


def _bare(number: int) -> Callable[[Sequence[Value]], Any]:
    def build(values: Sequence[Value]) -> Any:
        value = values[number]
        return value.value if type(value) is Plain else value

    return build
