"""What can be wrong with a grammar, each with its place in the spec and what would mend it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loopwright.errors import Problem
from loopwright.kinds import nearest
from loopwright.spec import paths
from loopwright.spec.paths import show
from loopwright.workflows.datagen.grammar.blocks import GrammarBlock
from loopwright.workflows.datagen.grammar.derive import row_types
from loopwright.workflows.datagen.grammar.rules import (
    Reading,
    Rules,
    Shortest,
    deepest_structure,
    drawing_order,
    live,
    needs,
    shared_names,
    shortest,
)
from loopwright.workflows.datagen.grammar.templates import is_name
from loopwright.workflows.datagen.grammar.texts import texts

MAX_PARTS = 10_000
"""The parts that even the shortest rows of a rule may have."""
MAX_LEVELS = 200
"""The levels of objects and arrays that a row may have: what JSON libraries take."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Shares of a rule's values that the rows shall have. `place` is where the spec says so."""

    rule: str
    shares: Mapping[str, float]
    place: str = "task.labels"


def check(block: GrammarBlock, reading: Reading, place: str) -> list[Problem]:
    """All that keeps rows from being drawn, in the order of causes: what follows from another mistake is not said again."""
    found = [*_names(block, place), *reading.problems, *_undefined(reading.rules), *_weights(block, place)]
    return found or [*_unreachable(block, place, reading.rules), *_endless(block, place, live(reading.rules))]


def check_wanted(rules: Rules, wanted: Wanted, place: str) -> list[Problem]:
    """The shares that the grammar cannot meet."""
    if wanted.rule not in rules:
        message = f"has no rule {wanted.rule!r}, and {wanted.place} gives its shares"
        expected = f"a rule {wanted.rule!r} that gives {', '.join(wanted.shares)}, and <{wanted.rule}> in the row"
        return [Problem(_at(place, "rules"), message, expected, nearest(wanted.rule, rules))]
    possible = texts(rules)[wanted.rule]
    if possible is None:
        return []
    return [
        Problem(
            _at(wanted.place, value),
            f"is never drawn: the rule {wanted.rule!r} of the grammar cannot give it",
            _one_of(possible),
            nearest(value, possible),
        )
        for value, share in wanted.shares.items()
        if share > 0 and value not in possible
    ]


def check_row(rules: Rules, start: str, schema: Mapping[str, Any]) -> list[Problem]:
    """Rows that are no objects where the schema asks for one."""
    if schema.get("type") != "object":
        return []
    return [
        Problem(where, f"makes a row that is {kind}, and the schema asks for an object", 'JSON, as in {"text": "<message>"}')
        for where, kind in row_types(rules, start)
        if kind != "an object"
    ]


def _names(block: GrammarBlock, place: str) -> Iterator[Problem]:
    for name in block.rules:
        if not is_name(name):
            expected = "letters, digits, _ and -, the first a letter or _"
            yield Problem(_at(place, "rules", name), "is no name for a rule", expected)
    named = [(_at(place, "start"), block.start)]
    named += [(_at(place, "row_values", at), name) for at, name in enumerate(block.row_values)]
    for where, name in named:
        if name not in block.rules:
            yield Problem(where, f"names a rule that is not there: {name!r}", _one_of(block.rules), nearest(name, block.rules))


def _undefined(rules: Rules) -> Iterator[Problem]:
    for options in rules.values():
        for option in options:
            for name in dict.fromkeys(option.holes):
                if name not in rules:
                    expected = f"a rule of that name, or <<{name}>> for the text <{name}>"
                    yield Problem(option.place, f"<{name}> is no rule", expected, nearest(name, rules))


def _weights(block: GrammarBlock, place: str) -> Iterator[Problem]:
    for name, alternatives in block.rules.items():
        where = _at(place, "rules", name)
        if not alternatives:
            yield Problem(where, "has no alternatives", "at least one")
        elif not any(alternative.weight > 0 for alternative in alternatives):
            yield Problem(where, "has only weights of 0: nothing can be drawn", "a weight above 0")


def _unreachable(block: GrammarBlock, place: str, rules: Rules) -> Iterator[Problem]:
    reached = set[str]().union(*({name} | needs(rules, name) for name in (block.start, *block.row_values)))
    for name in rules:
        if name not in reached:
            message = f"is never used: nothing leads to it from {block.start!r}"
            yield Problem(_at(place, "rules", name), message, f"<{name}> in a template, or no such rule")


def _endless(block: GrammarBlock, place: str, rules: Rules) -> list[Problem]:
    shared = shared_names(rules, block.row_values)
    order = drawing_order(rules, shared)
    circular = [
        Problem(
            _at(place, "rules", name),
            f"has one value per row, and cannot be drawn before {others}, which needs it",
            "values of a row that do not need one another",
        )
        for name in shared
        if name not in order and (others := _mutual(rules, name, shared))
    ]
    least = shortest(rules)
    stuck = {name: options for name, options in rules.items() if name not in least.heights}
    endless = [
        Problem(_at(place, "rules", name), "never ends: each of its alternatives leads back to it", "an alternative that ends")
        for name in stuck
        if name in needs(stuck, name)
    ]
    return [*circular, *endless] or _bounds(block, place, rules, least)


def _mutual(rules: Rules, name: str, shared: Iterable[str]) -> str:
    """The other names with one value per row that need this one and that it needs."""
    return " and ".join(
        repr(other) for other in shared if other != name and other in needs(rules, name) and name in needs(rules, other)
    )


def _bounds(block: GrammarBlock, place: str, rules: Rules, least: Shortest) -> list[Problem]:
    order = drawing_order(rules, shared_names(rules, block.row_values))
    tallest = max(least.heights[name] for name in (block.start, *order))
    if tallest > block.max_depth:
        message = f"leaves no row: the shortest has {tallest} rules within one another"
        return [Problem(_at(place, "max_depth"), message, f"at least {tallest}")]
    levels = deepest_structure(rules, order, block.start, block.max_depth)
    return [*_too_long(place, least), *_too_deep(place, levels)]


def _too_long(place: str, least: Shortest) -> Iterator[Problem]:
    over = {name: parts for name, parts in least.parts.items() if parts > MAX_PARTS}
    if over:
        name = min(over, key=over.__getitem__)
        message = f"is too long: its shortest derivations have up to {over[name]:,} parts"
        yield Problem(_at(place, "rules", name), message, f"at most {MAX_PARTS:,}")


def _too_deep(place: str, levels: int) -> Iterator[Problem]:
    if levels > MAX_LEVELS:
        message = f"lets rows have up to {levels} objects and arrays within one another, and {MAX_LEVELS} can be kept"
        yield Problem(_at(place, "max_depth"), message, "a lower one")


def _at(place: str, *keys: str | int) -> str:
    return show((*paths.parse(place), *keys))


def _one_of(known: Collection[str]) -> str | None:
    shown = [repr(name) for name in known][:12]
    return f"one of {', '.join(shown)}{', ...' if len(known) > len(shown) else ''}" if shown else None
