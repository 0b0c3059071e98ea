"""Which texts are JSON that fits a schema, as an automaton that reads them character by character.

A schema becomes a small automaton over characters. Objects have their keys in the schema's order, with `, ` and `: `
between, as Python writes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from json import dumps
from typing import Any, NamedTuple, TypeAlias

from loopwright.errors import Rejected
from loopwright.llm.quoting import quote
from loopwright.records import Json

Place: TypeAlias = tuple[int, Any]
"""A node of the automaton, and how far into it."""

State: TypeAlias = frozenset[Place]

_LONGEST_LIST = 8
_LONGEST_NUMBER = 12
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)?")
_DECIMAL = re.compile(r"-?((0|[1-9][0-9]*)(\.[0-9]*)?)?")
_DEEPEST = 4
_MOST_VALUES = 1001
_PLAIN = ("string", "number", "boolean")
_SAID = ("title", "description", "$schema", "default", "examples", "additionalProperties", "$defs")
_KNOWN = {
    "object": ("properties", "required"),
    "array": ("items", "minItems", "maxItems"),
    "string": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
    "boolean": (),
    "null": (),
}


class Literal(NamedTuple):
    """One text; how far into it is a count of characters."""

    text: str

    def step(self, into: int, sign: str) -> int | None:
        return into + 1 if into < len(self.text) and self.text[into] == sign else None

    def done(self, into: int) -> bool:
        return into == len(self.text)

    def near(self, into: int, reach: int) -> int:
        return into


class Words(NamedTuple):
    """The inside of a string, of printable ASCII that needs no escape; `most` below 0 is no limit."""

    least: int
    most: int

    def step(self, into: int, sign: str) -> int | None:
        plain = " " <= sign <= "~" and sign not in '"\\'
        if not plain or into == self.most:
            return None
        return into + 1 if self.most >= 0 else min(into + 1, self.least)

    def done(self, into: int) -> bool:
        return into >= self.least

    def near(self, into: int, reach: int) -> tuple[int, int]:
        """Places from which the same tokens may follow: a token is no longer than `reach`."""
        return min(max(self.least - into, 0), reach), min(self.most - into, reach) if self.most >= 0 else reach


class Number(NamedTuple):
    """A number without an exponent, of a dozen characters at most."""

    whole: bool

    def step(self, into: str, sign: str) -> str | None:
        text = into + sign
        return text if len(text) <= _LONGEST_NUMBER and (_WHOLE if self.whole else _DECIMAL).fullmatch(text) else None

    def done(self, into: str) -> bool:
        return into[-1:].isdigit()

    def near(self, into: str, reach: int) -> tuple[int, str, bool]:
        return len(into), into[-1:] if len(into) < 3 else "", "." in into


Part: TypeAlias = Literal | Words | Number


class Node(NamedTuple):
    part: Part
    after: tuple[int, ...]


class Grammar:
    """The automaton of one schema. Node 0 is the end."""

    def __init__(self, schema: Mapping[str, Json]) -> None:
        self._nodes: list[Node] = [Node(Literal(""), ())]
        self.begin = self._entered(_Builder(self._nodes, schema).value(schema, (0,), "$", 0))

    def follow(self, state: State, text: str) -> State:
        """Where a text leads; the empty state is nowhere."""
        for sign in text:
            state = self._step(state, sign)
            if not state:
                break
        return state

    def _step(self, state: State, sign: str) -> State:
        found: list[Place] = []
        for node, into in state:
            further = self._nodes[node].part.step(into, sign)
            if further is not None:
                found.append((node, further))
        return self._closed(found)

    def _entered(self, nodes: Sequence[int]) -> State:
        return self._closed([(node, self._start(node)) for node in nodes])

    def _start(self, node: int) -> Any:
        return "" if isinstance(self._nodes[node].part, Number) else 0

    def _closed(self, places: list[Place]) -> State:
        """With every place that is reached without another character."""
        seen = set(places)
        while places:
            node, into = places.pop()
            if self._nodes[node].part.done(into):
                fresh = {(after, self._start(after)) for after in self._nodes[node].after} - seen
                seen |= fresh
                places.extend(fresh)
        return frozenset(seen)

    def ended(self, state: State) -> bool:
        return (0, 0) in state

    def near(self, state: State, reach: int) -> frozenset[tuple[int, Any]]:
        """What decides which tokens of at most `reach` characters may follow."""
        return frozenset((node, self._nodes[node].part.near(into, reach)) for node, into in state)


class _Builder:
    """Lays out the nodes of a schema from its end to its beginning; every method returns where to enter."""

    def __init__(self, nodes: list[Node], root: Mapping[str, Any]) -> None:
        self._nodes = nodes
        self._root = root

    def _add(self, part: Part, after: Sequence[int]) -> tuple[int, ...]:
        self._nodes.append(Node(part, tuple(after)))
        return (len(self._nodes) - 1,)

    def _text(self, text: str, after: Sequence[int]) -> tuple[int, ...]:
        return self._add(Literal(text), after)

    def value(self, schema: Any, after: Sequence[int], at: str, depth: int) -> tuple[int, ...]:
        if not isinstance(schema, dict) or depth > _DEEPEST:
            raise _unsupported(at, "more levels than it can follow" if isinstance(schema, dict) else repr(schema))
        if "$ref" in schema:
            return self.value(self._referred(str(schema["$ref"]), at), after, at, depth + 1)
        if "const" in schema or "enum" in schema:
            values = [schema["const"]] if "const" in schema else schema["enum"]
            return self._values(values, after, at)
        if "anyOf" in schema:
            return tuple(node for part in schema["anyOf"] for node in self.value(part, after, at, depth + 1))
        kind = schema.get("type", "object" if "properties" in schema else None)
        if isinstance(kind, list):
            return tuple(node for one in kind for node in self.value({**schema, "type": one}, after, at, depth + 1))
        if kind not in _KNOWN:
            raise _unsupported(at, f"`type: {kind}`" if kind else f"`{next(iter(schema), 'a schema without a type')}`")
        strange = [key for key in schema if key not in ("type", *_SAID, *_KNOWN[kind])]
        if strange and not isinstance(schema["type"], list):
            raise _unsupported(at, f"`{strange[0]}`")
        return self._kind(kind, schema, after, at, depth)

    def _referred(self, reference: str, at: str) -> Any:
        _, _, name = reference.rpartition("/")
        for place in ("$defs", "definitions"):
            if reference == f"#/{place}/{name}" and name in self._root.get(place, {}):
                return self._root[place][name]
        raise _unsupported(at, f"`$ref: {reference}`")

    def _kind(self, kind: str, schema: Mapping[str, Any], after: Sequence[int], at: str, depth: int) -> tuple[int, ...]:
        if kind == "object":
            named = schema.get("properties") or schema.get("additionalProperties", True) is False
            return self._object(schema, after, at, depth) if named else self._any_object(after)
        if kind == "array":
            return self._list(schema, after, at, depth)
        if kind == "string":
            inside = Words(int(schema.get("minLength", 0)), int(schema.get("maxLength", -1)))
            return self._text('"', self._add(inside, self._text('"', after)))
        if kind in ("integer", "number"):
            return self._number(kind == "integer", schema, after, at)
        return self._values([None] if kind == "null" else [True, False], after, at)

    def _values(self, values: Sequence[Any], after: Sequence[int], at: str) -> tuple[int, ...]:
        if not values or len(values) > _MOST_VALUES:
            raise _unsupported(at, f"a choice of {len(values)} values")
        return tuple(node for value in values for node in self._text(dumps(value), after))

    def _number(self, whole: bool, schema: Mapping[str, Any], after: Sequence[int], at: str) -> tuple[int, ...]:
        """Between bounds the numbers are counted out, those with a fraction in hundredths or tenths."""
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is None and high is None:
            return self._add(Number(whole), after)
        if low is None or high is None:
            raise _unsupported(at, "a number with one bound only; give both `minimum` and `maximum`")
        for scale in (1,) if whole else (100, 10, 1):
            first, last = -int(-low * scale // 1), int(high * scale // 1)
            if 0 <= last - first < _MOST_VALUES:
                return self._values([n // scale if n % scale == 0 else n / scale for n in range(first, last + 1)], after, at)
        raise _unsupported(at, f"numbers from {low} to {high}")

    def _object(self, schema: Mapping[str, Any], after: Sequence[int], at: str, depth: int) -> tuple[int, ...]:
        """From the last property to the first: `more` continues after a property, `first` where none was written yet."""
        properties, required = schema.get("properties", {}), set(schema.get("required", ()))
        if required - set(properties):
            raise _unsupported(at, f"the required key {sorted(required - set(properties))[0]!r} without a schema")
        more = first = self._text("}", after)
        for name in reversed(properties):
            value = self.value(properties[name], more, f"{at}.{name}", depth + 1)
            key = self._text(f"{dumps(name)}: ", value)
            again, begun = self._text(", ", key), key
            more, first = (again, begun) if name in required else (again + more, begun + first)
        return self._text("{", first)

    def _any_object(self, after: Sequence[int]) -> tuple[int, ...]:
        """Keys of any name with plain values: what asking for just a JSON object comes to."""
        comma = self._text(", ", ())
        more = self._text("}", after) + comma
        value = tuple(node for kind in _PLAIN for node in self._kind(kind, {}, more, "$", 0))
        key = self._text('"', self._add(Words(1, 40), self._text('": ', value)))
        self._nodes[comma[0]] = Node(Literal(", "), key)
        return self._text("{", key)

    def _list(self, schema: Mapping[str, Any], after: Sequence[int], at: str, depth: int) -> tuple[int, ...]:
        least = int(schema.get("minItems", 0))
        most = int(schema.get("maxItems", max(_LONGEST_LIST, least)))
        if most > 64:
            raise _unsupported(at, f"lists of {most} items")
        end = self._text("]", after)
        more: tuple[int, ...] = end
        for count in range(most, 0, -1):
            item = self.value(schema.get("items", {}), more, f"{at}[]", depth + 1)
            more = item if count == 1 else self._text(", ", item)
            more = more if count - 1 < least else more + end
        return self._text("[", more)


def _unsupported(at: str, what: str) -> Rejected:
    return Rejected(
        f"the embedded model cannot be held to this schema: at {quote(at, limit=80)} it has {quote(what, limit=80)}; "
        "it knows objects, lists, strings with lengths, numbers, booleans, enum, const and anyOf"
    )
