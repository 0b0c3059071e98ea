"""Reads what a template of the grammar means: plain text, a number, text with holes, or a JSON structure with holes.

`<name>` is a hole that another rule fills, `<<name>>` is the text `<name>`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from loopwright.errors import Problem, SpecError

MAX_LEVELS = 32
"""How deep the structure of one template may be."""

_NAME = r"[^\W\d][\w-]*"
_HOLE = re.compile(rf"<<(?P<literal>{_NAME})>>|<(?P<name>{_NAME})>")
_STRING_OR_HOLE = re.compile(rf'"(?:[^"\\]|\\.)*"|<(?P<name>{_NAME})>', re.DOTALL)
_SCALAR = re.compile(r"true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_MEANT_AS_JSON = re.compile(r"""\s*(\{\s*["']|\[\s*["'{\[])""")
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
_NUL = "\\u0000"


@dataclass(frozen=True, slots=True)
class Plain:
    """A value without holes, and the text that it is where text is asked for: 1.50 is the number 1.5 and the text 1.50."""

    value: str | int | float | bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Hole:
    """The value of a rule, of whatever type it is."""

    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """Text with holes: what fills them is written into it."""

    parts: tuple[str | Hole, ...]


@dataclass(frozen=True, slots=True)
class Object:
    pairs: tuple[tuple[str, Content], ...]


@dataclass(frozen=True, slots=True)
class Array:
    items: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class Fill:
    """A slot for a model's answer to the prompt."""

    prompt: Plain | Text


Content: TypeAlias = Plain | Hole | Text | Object | Array | Fill


def is_name(word: str) -> bool:
    """Whether a rule can be called so: what `<...>` would not recognise is no name."""
    return re.fullmatch(_NAME, word) is not None


def holes(content: Content) -> Iterator[str]:
    """The names that the content refers to, in order, as often as it does."""
    match content:
        case Hole(name):
            yield name
        case Text(parts):
            yield from (part.name for part in parts if isinstance(part, Hole))
        case Object(pairs):
            for _, child in pairs:
                yield from holes(child)
        case Array(items):
            for child in items:
                yield from holes(child)
        case Fill(prompt):
            yield from holes(prompt)


def levels(content: Content) -> int:
    """How many objects and arrays lie within one another."""
    match content:
        case Object(pairs):
            return 1 + max((levels(child) for _, child in pairs), default=0)
        case Array(items):
            return 1 + max(map(levels, items), default=0)
    return 0


def read(template: str | int | float | bool) -> Content:
    """What a template means. Raises a SpecError without a place for what can mean nothing."""
    if isinstance(template, float) and template.is_integer() and abs(template) < 2**53:
        template = int(template)  # the digest of a spec does not tell 1.0 from 1
    if not isinstance(template, str):
        return Plain(template, json.dumps(template))
    if template.lstrip()[:1] in ("{", "["):
        structure = _structure(template)
        if structure is not None:
            return structure
    if _SCALAR.fullmatch(template):
        return Plain(_number(json.loads(template) if len(template) < 1000 else math.inf), template)
    written = text(template)
    if isinstance(written, Text) and len(written.parts) == 1:
        return Hole(next(holes(written)))
    return written


def text(template: str) -> Plain | Text:
    """The text of a template, or of a string within its structure."""
    if _NOT_TEXT.search(template):
        _refuse("holds a character that text cannot have", "no NUL and no half of a surrogate pair")
    parts: list[str | Hole] = [""]
    at = 0
    for found in _HOLE.finditer(template):
        _add(parts, template[at : found.start()])
        if found["name"]:
            parts.append(Hole(found["name"]))
        else:
            _add(parts, f"<{found['literal']}>")
        at = found.end()
    _add(parts, template[at:])
    if len(parts) == 1 and isinstance(only := parts[0], str):
        return Plain(only, only)
    return Text(tuple(part for part in parts if part))


def _add(parts: list[str | Hole], literal: str) -> None:
    last = parts[-1]
    if isinstance(last, str):
        parts[-1] = last + literal
    else:
        parts.append(literal)


def _structure(template: str) -> Content | None:
    """The JSON that a template is, None where it is text after all."""
    if _NUL in template:
        _refuse("holds a character that text cannot have", "no NUL")
    marked = _STRING_OR_HOLE.sub(lambda found: f'"{_NUL}{found["name"]}"' if found["name"] else found[0], template)
    try:
        loaded = json.loads(marked, strict=False, parse_constant=_no_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        if _MEANT_AS_JSON.match(template):
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "it cannot be read"
            _refuse(f"looks like JSON and is none: {_short(reason)}", 'JSON, as in {"text": "<message>", "stars": <stars>}')
        return None
    return _content(loaded, 0)


def _short(reason: str) -> str:
    return reason[:1].lower() + reason[1:]


def _content(loaded: Any, above: int) -> Content:
    if isinstance(loaded, dict | list) and above == MAX_LEVELS:
        _refuse("has too many levels", f"at most {MAX_LEVELS}")
    if isinstance(loaded, dict):
        return Object(tuple((_key(key), _content(child, above + 1)) for key, child in loaded.items()))
    if isinstance(loaded, list):
        return Array(tuple(_content(child, above + 1) for child in loaded))
    if isinstance(loaded, str):
        return Hole(loaded[1:]) if loaded.startswith("\x00") else text(loaded)
    return Plain(_number(loaded), json.dumps(loaded))


def _key(key: str) -> str:
    written = None if key.startswith("\x00") else text(key)
    if not isinstance(written, Plain):
        _refuse("draws the key of an object", "keys that are the same in every row; write <<name>> for the text <name>")
    return written.text


def _number(value: Any) -> Any:
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        _refuse("holds too large a number", "whole numbers of at most 64 bits")
    if isinstance(value, float) and not math.isfinite(value):
        _refuse("holds too large a number", "numbers below 1.8e308")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        _refuse("has a key twice", "each key of an object once")
    return found


def _no_constant(word: str) -> NoReturn:
    _refuse(f"holds {word}, which JSON does not know", "finite numbers")


def _refuse(message: str, expected: str) -> NoReturn:
    raise SpecError([Problem("", message, expected)])
