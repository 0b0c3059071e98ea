"""The JSON Schema of the rows that a grammar can give: what is checked on every row and asked of models that can keep to one.

Enumerations come from rules whose alternatives are plain values; text that is written from parts is any text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import quote

from loopwright.workflows.datagen.grammar.rules import Option, Rules
from loopwright.workflows.datagen.grammar.templates import Array, Content, Hole, Object, Plain, Text

Schema: TypeAlias = dict[str, Any]

MOST_VALUES = 250
"""What endpoints take in an enumeration."""

_TYPES: Mapping[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
_NOUNS: Mapping[type, str] = {str: "text", bool: "a boolean", int: "a whole number", float: "a number", type(None): "null"}
_ANY_TEXT: Schema = {"type": "string"}


def derive(rules: Rules, start: str) -> Schema:
    """The schema of `start`. Structures that lead to themselves or occur in several places stand under `$defs`."""
    return _Deriving(rules).all(start)


def row_types(rules: Rules, start: str) -> Iterator[tuple[str, str]]:
    """Each alternative that is a whole row, by its place, with a noun for what it is."""
    for option in _ends(rules, start):
        match option.content:
            case Object():
                yield option.place, "an object"
            case Array():
                yield option.place, "an array"
            case Plain(value, _):
                yield option.place, _NOUNS[type(value)]
            case _:
                yield option.place, "text"


def _ends(rules: Rules, name: str) -> list[Option]:
    """The alternatives of a rule, where one is a bare `<name>` those of that rule."""
    found: list[Option] = []
    seen = {name}
    left = [name]
    while left:
        for option in rules[left.pop()]:
            if not isinstance(option.content, Hole):
                found.append(option)
            elif option.content.name not in seen:
                seen.add(option.content.name)
                left.append(option.content.name)
    return found


class _Deriving:
    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._named = _own_places(rules)
        self._asked: list[str] = []

    def all(self, start: str) -> Schema:
        root = self._rule(start)
        definitions: dict[str, Schema] = {}
        while waiting := [name for name in self._asked if name not in definitions]:
            definitions[waiting[0]] = self._rule(waiting[0])
        return {**root, "$defs": definitions} if definitions else root

    def _rule(self, name: str) -> Schema:
        return union(self._content(option.content) for option in _ends(self._rules, name))

    def _value(self, name: str) -> Schema:
        if name not in self._named:
            return self._rule(name)
        if name not in self._asked:
            self._asked.append(name)
        return {"$ref": f"#/$defs/{quote(name)}"}

    def _content(self, content: Content) -> Schema:
        match content:
            case Plain(value, _):
                return {"type": _TYPES[type(value)], "enum": [value]}
            case Hole(name):
                return self._value(name)
            case Text((Hole(name),)):
                return self._quoted(name)
            case Object(pairs):
                return _object({key: self._content(child) for key, child in pairs})
            case Array(items):
                return _array(union(map(self._content, items)), len(items), len(items))
        return _ANY_TEXT

    def _quoted(self, name: str) -> Schema:
        """A rule within quotes: its values as text."""
        plain = [option.content for option in _ends(self._rules, name)]
        return union({"type": "string", "enum": [end.text]} if isinstance(end, Plain) else _ANY_TEXT for end in plain)


def _own_places(rules: Rules) -> set[str]:
    """The rules that stand under `$defs`: those with structures that occur in several places or hold further structures."""
    count = dict.fromkeys(rules, 0)
    below: dict[str, set[str]] = {}
    for name in rules:
        ends = [option.content for option in _ends(rules, name)]
        if any(isinstance(content, Object | Array) for content in ends):
            below[name] = {inner for content in ends for inner in _values(content)}
        for option in rules[name]:
            for inner in _values(option.content):
                count[inner] += 1
    return {name for name, inner in below.items() if count[name] > 1 or inner & below.keys()}


def _values(content: Content) -> Iterator[str]:
    """The rules whose values, not texts, are inserted."""
    match content:
        case Hole(name):
            yield name
        case Object(pairs):
            for _, child in pairs:
                yield from _values(child)
        case Array(items):
            for child in items:
                yield from _values(child)


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _array(items: Schema, least: int, most: int) -> Schema:
    described = {"items": items} if most else {}
    return {"type": "array", **described, "minItems": least, "maxItems": most}


def union(schemas: Iterable[Schema]) -> Schema:
    """One schema for what any of them takes. Objects with the same keys become one object, numbers one type of number."""
    merged: dict[object, Schema] = {}
    for schema in schemas:
        for branch in schema.get("anyOf", [schema]):
            key = _shape(branch)
            merged[key] = _merged(merged[key], branch) if key in merged else branch
    branches = [_closed(branch) for branch in merged.values()]
    return branches[0] if len(branches) == 1 else {"anyOf": branches}


def _shape(schema: Schema) -> object:
    """What two schemas must share to become one."""
    if schema.get("type") == "object":
        return tuple(sorted(schema["properties"]))
    return schema.get("$ref") or {"integer": "number"}.get(schema["type"], schema["type"])


def _merged(one: Schema, other: Schema) -> Schema:
    if "$ref" in one:
        return one
    if one["type"] == "object":
        return _object({key: union((below, other["properties"][key])) for key, below in one["properties"].items()})
    if one["type"] == "array":
        items = [schema["items"] for schema in (one, other) if "items" in schema]
        least, most = min(one["minItems"], other["minItems"]), max(one["maxItems"], other["maxItems"])
        return _array(union(items) if items else {}, least, most)
    kind = one["type"] if one["type"] == other["type"] else "number"
    if "enum" not in one or "enum" not in other:
        return {"type": kind}
    values = list(dict.fromkeys((*one["enum"], *other["enum"])))
    return {"type": kind, "enum": values} if len(values) <= MOST_VALUES else {"type": kind}


def _closed(schema: Schema) -> Schema:
    """Both booleans are any boolean, and null is null."""
    all_of_them = {"boolean": 2, "null": 1}.get(schema.get("type", ""))
    return {"type": schema["type"]} if all_of_them == len(schema.get("enum", ())) else schema
