"""What identifies a run: a canonical form of the part of a spec that decides its result, and the digest of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel

from loopwright.records import Json
from loopwright.spec.blocks import Incidental, ModelBlock
from loopwright.spec.paths import Path, show

_EXACT = 2.0**53


class Change(NamedTuple):
    """An incidental setting that differs between two specs; None is unset."""

    path: str
    old: Json
    new: Json


def digest(spec: BaseModel) -> str:
    """64 hex digits, equal for specs that differ only in comments, order, spelled-out defaults and incidental settings."""
    return blake2b(canonical(spec), digest_size=32).hexdigest()


def canonical(spec: BaseModel) -> bytes:
    """JSON with sorted keys: defaults filled in, incidental fields left out."""
    return canonical_json(_essential(spec))


def canonical_json(value: Any) -> bytes:
    """Plain data as bytes that are equal for equal data: 1 and 1.0 are one number, the order of keys says nothing."""
    return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)


def changed(old: BaseModel, new: BaseModel) -> list[Change]:
    """The incidental settings in which two specs differ, by path."""
    before, after = dict(_incidental(old, ())), dict(_incidental(new, ()))
    paths = sorted(before.keys() | after.keys(), key=show)
    return [
        Change(show(path), before.get(path), after.get(path))
        for path in paths
        if canonical_json(before.get(path)) != canonical_json(after.get(path))
    ]


def _essential(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _essential(child) for name, child, incidental in _fields(value) if not incidental and child is not None}
    if isinstance(value, Mapping):
        return {key: _essential(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_essential(child) for child in value]
    return value


def _incidental(value: Any, path: Path) -> Iterator[tuple[Path, Json]]:
    if isinstance(value, BaseModel):
        for name, child, incidental in _fields(value):
            yield from _leaves(child, (*path, name)) if incidental else _incidental(child, (*path, name))
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from _incidental(child, (*path, key))
    elif isinstance(value, list | tuple):
        for at, child in enumerate(value):
            yield from _incidental(child, (*path, at))


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Json]]:
    if isinstance(value, BaseModel):
        for name, child, _ in _fields(value):
            yield from _leaves(child, (*path, name))
    elif value is not None:
        yield path, _plain(value)


def _fields(block: BaseModel) -> Iterator[tuple[str, Any, bool]]:
    """Name, value, and whether it is incidental. An unset name of a model is its id."""
    for name, field in type(block).model_fields.items():
        value = getattr(block, name)
        if isinstance(block, ModelBlock) and name == "model":
            value = block.name
        yield name, value, any(isinstance(mark, Incidental) for mark in field.metadata)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if isinstance(value, Mapping):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, frozenset | set):
        return sorted((_plain(child) for child in value), key=orjson.dumps)
    if isinstance(value, list | tuple):
        return [_plain(child) for child in value]
    return value
