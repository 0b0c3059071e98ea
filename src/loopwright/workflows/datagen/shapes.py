"""What a schema says that rows hold, where it says so for all of them or for each of several alternatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopwright.records import Fields, Json


def named_parts(schema: Fields) -> Fields:
    """What the parts of the schema refer to, by names that count from its root."""
    return {name: part for name, part in schema.items() if name in ("$defs", "definitions")}


def unfolded(schema: Fields) -> Fields:
    """A schema that is no more than the name of one of its parts, as programs write them, as that part."""
    within, _, name = str(schema.get("$ref", "")).removeprefix("#/").partition("/")
    parts = schema.get(within)
    part = parts.get(name) if isinstance(parts, Mapping) else None
    return {**{key: each for key, each in schema.items() if key != "$ref"}, **part} if isinstance(part, Mapping) else schema


def shapes(schema: Fields) -> Sequence[Fields]:
    """The alternatives that the schema consists of, or else itself."""
    options = schema.get("anyOf", schema.get("oneOf"))
    if "properties" in schema or not isinstance(options, list | tuple):
        return (schema,)
    return [unfolded({**named_parts(schema), **each}) for each in options if isinstance(each, Mapping)] or (schema,)


def properties(schema: Fields) -> Mapping[str, Json]:
    """The fields that the schema names or asks for; none where it does not say."""
    named, asked = schema.get("properties"), schema.get("required")
    found: dict[str, Json] = dict(named) if isinstance(named, Mapping) else {}
    return {**found, **{str(name): {} for name in asked if name not in found}} if isinstance(asked, list | tuple) else found


def common(schema: Fields) -> Mapping[str, Json]:
    """The fields that each of its shapes has a place for, as the first describes them."""
    first, *others = map(properties, shapes(schema))
    return {name: part for name, part in first.items() if all(name in other for other in others)}
