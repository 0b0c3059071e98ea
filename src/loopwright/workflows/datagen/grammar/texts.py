"""Which texts a rule of the grammar can come to, where they are few enough to list."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from loopwright.workflows.datagen.grammar.rules import Option, Rules
from loopwright.workflows.datagen.grammar.templates import Content, Fill, Hole, Plain, Text

MOST = 500

Texts: TypeAlias = Mapping[str, Plain]
"""Each text with the value that it stands for."""


def texts(rules: Rules) -> dict[str, Texts | None]:
    """The texts of each rule, structures aside; None where they are too many to list or a model writes them."""
    known: dict[str, Texts | None] = {name: {} for name in rules}
    while True:
        now = {name: _of_rule(options, known) for name, options in rules.items()}
        if all(_size(now[name]) == _size(known[name]) for name in rules):
            return now
        known = now


def _size(found: Texts | None) -> float:
    return math.inf if found is None else len(found)


def _of_rule(options: Sequence[Option], known: Mapping[str, Texts | None]) -> Texts | None:
    merged: dict[str, Plain] = {}
    most = len(options) + MOST
    for option in options:
        found = _of(option.content, known)
        if found is None:
            return None
        for text, plain in found.items():
            merged.setdefault(text, plain)
        if len(merged) > most:
            return None
    return merged


def _of(content: Content, known: Mapping[str, Texts | None]) -> Texts | None:
    match content:
        case Plain(_, text):
            return {text: content}
        case Hole(name):
            return known[name]
        case Text(parts):
            return _joined([known[part.name] if isinstance(part, Hole) else {part: Plain(part, part)} for part in parts])
        case Fill():
            return None
    return {}


def _joined(parts: Sequence[Texts | None]) -> Texts | None:
    if any(part is not None and not part for part in parts):
        return {}  # one of them has no text yet, or none at all
    if math.prod(map(_size, parts)) > MOST:
        return None
    return {text: Plain(text, text) for text in map("".join, itertools.product(*(part or {} for part in parts)))}
