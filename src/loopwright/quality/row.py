"""What a validator looks at and what it says: a row with its facts, and a ruling. Data only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeGuard

from loopwright.policy.keyed import Keyed
from loopwright.records import Fields, Json


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a run a row was written: what is drawn for it depends on this alone."""

    seed: int = 0
    trial: int = 0
    index: int = 0


_NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the dataset that is being made: `facts` are what it claims to be and where it came from."""

    data: Fields
    facts: Fields = field(default_factory=dict)
    place: Place = _NOWHERE

    def text(self, name: str | None = None) -> str | None:
        """The named field as text, None where the row has none; without a name, all its strings, a line for each."""
        if name is None:
            return "\n".join(strings(self.data))
        found = self.find(name)
        return None if found is None else as_text(found.value)

    def find(self, name: str) -> Found | None:
        """The value of a field, or of one inside it (`address.city`)."""
        if name in self.data:
            return Found(self.data[name])
        value: Json = self.data
        for part in name.split("."):
            if not isinstance(value, Mapping) or part not in value:
                return None
            value = value[part]
        return Found(value)

    def claim(self, name: str) -> str | None:
        """What the row says of itself under that name, in its data or else in its facts."""
        found = self.find(name)
        if found is None and name in self.facts:
            found = Found(self.facts[name])
        return None if found is None or found.value is None else as_text(found.value)

    def draw(self, purpose: str) -> Keyed:
        """Random numbers for this row and this purpose."""
        return Keyed(self.place.seed, self.place.trial, self.place.index, purpose)


class Found(NamedTuple):
    value: Json


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a validator says of a row. `reason` is one line that a person understands: "41 words, at most 40". Where it
    `raised`, it says nothing of the row."""

    passed: bool
    score: float | None = None
    reason: str | None = None
    raised: bool = field(default=False, repr=False)


def as_text(value: Json) -> str:
    """A value as a reader of the dataset sees it: strings as they are, lists of strings line by line, the rest as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if _is_list(value) and all(isinstance(part, str) for part in value):
        return "\n".join(map(str, value))
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return "\n".join(strings(value))


def strings(value: Json) -> Iterator[str]:
    """All strings in a value, in the order in which they stand there. No depth is too deep."""
    rest: list[Json] = [value]
    while rest:
        part = rest.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, Mapping):
            rest.extend(reversed(list(part.values())))
        elif _is_list(part):
            rest.extend(reversed(part))


def _is_list(value: Json) -> TypeGuard[Sequence[Json]]:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
