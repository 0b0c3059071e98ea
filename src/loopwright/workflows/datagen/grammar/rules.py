"""The rules of a grammar as they are read, and what follows from them: which names have one value per row, how short a
derivation can be."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from loopwright.errors import Problem, SpecError
from loopwright.spec import paths
from loopwright.spec.paths import Path, show
from loopwright.workflows.datagen.grammar.blocks import Alternative, GrammarBlock
from loopwright.workflows.datagen.grammar.templates import Content, Fill, Plain, holes, levels, read, text


@dataclass(frozen=True, slots=True)
class Option:
    """An alternative of a rule. `number` is its place among the alternatives in the spec, `holes` the names it refers to."""

    content: Content
    weight: float
    number: int
    place: str
    holes: tuple[str, ...]


Rules: TypeAlias = Mapping[str, Sequence[Option]]


@dataclass(frozen=True, slots=True)
class Reading:
    """The rules with all their alternatives, and the problems of templates that mean nothing (they are read as empty text)."""

    rules: Rules
    problems: tuple[Problem, ...]


def read_rules(block: GrammarBlock, place: str) -> Reading:
    problems: list[Problem] = []
    above = (*paths.parse(place), "rules")
    rules = {
        name: tuple(
            _option(alternative, number, (*above, name, number), problems) for number, alternative in enumerate(alternatives)
        )
        for name, alternatives in block.rules.items()
    }
    return Reading(rules, tuple(problems))


def _option(alternative: Alternative, number: int, where: Path, problems: list[Problem]) -> Option:
    slot = alternative.llm_fill
    place = show(where)
    content: Content = Plain("", "")
    try:
        content = Fill(text(slot.prompt)) if slot else read("" if alternative.template is None else alternative.template)
    except SpecError as error:
        problems += [replace(problem, path=place) for problem in error.problems]
    return Option(content, alternative.weight, number, place, tuple(holes(content)))


def live(rules: Rules) -> Rules:
    """The rules without the alternatives that are never drawn."""
    return {name: tuple(option for option in options if option.weight > 0) for name, options in rules.items()}


def shared_names(rules: Rules, listed: Iterable[str]) -> tuple[str, ...]:
    """The rules with one value per row, in the order of the spec: those listed, and those that prompts name."""
    asked = (
        name for options in rules.values() for option in options if isinstance(option.content, Fill) for name in option.holes
    )
    wanted = {*listed, *asked}
    return tuple(name for name in rules if name in wanted)


def needs(rules: Rules, name: str, ends: Collection[str] = ()) -> set[str]:
    """The names that a derivation of this rule comes upon; it does not look into those of `ends`."""
    found: set[str] = set()
    left = [name]
    while left:
        for option in rules.get(left.pop(), ()):
            fresh = set(option.holes) - found
            found |= fresh
            left += fresh - set(ends)
    return found


def drawing_order(rules: Rules, shared: Sequence[str]) -> tuple[str, ...]:
    """The shared names, each after those that its value needs. Those that need one another are left out.

    A rule may lead to itself: within its own value, its name is an independent draw.
    """
    wanting = {name: (needs(rules, name, shared) & set(shared)) - {name} for name in shared}
    order: list[str] = []
    while ready := [name for name in wanting if name not in order and wanting[name] <= set(order)]:
        order.append(ready[0])
    return tuple(order)


@dataclass(frozen=True, slots=True)
class Shortest:
    """Of each rule the least height of a derivation, and the most parts that such a derivation can have.

    A rule that cannot end is in neither.
    """

    heights: Mapping[str, int]
    parts: Mapping[str, int]


def shortest(rules: Rules) -> Shortest:
    heights: dict[str, int] = {}
    parts: dict[str, int] = {}
    while fresh := {
        name: 1 + len(set(heights.values()))
        for name, options in rules.items()
        if name not in heights and any(heights.keys() >= set(option.holes) for option in options)
    }:
        parts |= {name: _most_parts(rules[name], parts) for name in fresh}
        heights |= fresh
    return Shortest(heights, parts)


def _most_parts(options: Iterable[Option], parts: Mapping[str, int]) -> int:
    """The parts of the longest among the lowest alternatives: those that need nothing but what ends already."""
    return max(1 + sum(parts[name] for name in option.holes) for option in options if parts.keys() >= set(option.holes))


def height(option: Option, heights: Mapping[str, int]) -> float:
    """The least height of a derivation that begins with this alternative."""
    return 1 + max((heights.get(name, math.inf) for name in option.holes), default=0)


_Deepening: TypeAlias = Mapping[str, frozenset[tuple[int, frozenset[str]]]]
"""Of each rule the levels that its alternatives add to those of the names in them."""


def deepest_structure(rules: Rules, order: Iterable[str], start: str, depth: int) -> int:
    """An upper bound of the levels of objects and arrays in a row, with so many rules within one another."""
    added = {
        name: frozenset((levels(option.content), frozenset(option.holes)) for option in options)
        for name, options in rules.items()
    }
    values: dict[str, int] = {}
    for name in order:
        values[name] = _levels(added, values, depth)[name]
    return values[start] if start in values else _levels(added, values, depth)[start]


def _levels(added: _Deepening, values: Mapping[str, int], depth: int) -> dict[str, int]:
    below = dict.fromkeys(added, 0)
    for _ in range(depth):
        known = {**below, **values}
        now = {
            name: max(more + max(map(known.__getitem__, names), default=0) for more, names in options)
            for name, options in added.items()
        }
        if now == below:
            break
        below = now
    return below
