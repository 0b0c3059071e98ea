"""Values as the store keeps them: JSON text, free text that any file can hold, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite
from types import NoneType
from typing import Any

import orjson

from loopwright.errors import StoreCorrupt
from loopwright.records import Json

_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_LEAVES = (str, int, NoneType)


def to_json(value: Json, place: str = "value") -> str:
    """The text that is stored. `TypeError` or `ValueError` for what a store cannot keep, with where in `place` it stands."""
    try:
        text = orjson.dumps(value, default=_plain, option=_STRICT).decode()
    except TypeError as error:
        raise TypeError(f"{place}: {error.__cause__ or error}") from error
    if "null" in text:  # what orjson also makes of NaN and infinity
        _refuse_endless(value, place)
    return text


def number(value: float, place: str) -> float:
    """The same, if it is one that means the same in every life of a run: finite, and no scalar of another library."""
    if type(value) is float and -inf < value < inf:
        return value
    if not isinstance(value, (int, float)):
        raise TypeError(f"{place} is {value!r}, a {type(value).__name__}: make it a float or an int")
    if not isinstance(value, int) and not isfinite(value):
        raise ValueError(f"{place} is {value!r}: a store keeps finite numbers only")
    return value


def truth(value: bool, place: str) -> bool:
    if value is not True and value is not False:
        raise TypeError(f"{place} is {value!r}, a {type(value).__name__}: make it True or False")
    return value


def index(value: int, place: str, end: int) -> int:
    if type(value) is not int:
        raise TypeError(f"{place} is {value!r}, a {type(value).__name__}: make it an int")
    if not 0 <= value < end:
        raise ValueError(f"{place} is {value}: it counts from 0 and stays below {end:,}")
    return value


def _refuse_endless(value: object, place: str) -> None:
    left: list[tuple[object, tuple[str | int, ...]]] = [(value, ())]
    while left:
        found, path = left.pop()
        if isinstance(found, float):
            if not isfinite(found):
                where = "".join(f"[{key!r}]" for key in path)
                raise ValueError(f"{place}{where} is {found!r}: a store keeps finite numbers only")
        elif isinstance(found, _LEAVES):
            continue
        elif isinstance(found, Mapping):
            left += [(each, (*path, key)) for key, each in found.items()]
        elif isinstance(found, Sequence):
            left += [(each, (*path, at)) for at, each in enumerate(found)]


def from_json(stored: str) -> Any:
    try:
        return orjson.loads(stored)
    except ValueError as error:
        raise StoreCorrupt(f"a value in the run's store is no longer JSON ({error}); restore the file from a copy") from error


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return list(value)
    raise TypeError(f"a store cannot keep a {type(value).__name__}")


def clean(text: str) -> str:
    """Free text from anywhere: half a surrogate pair, which no file can hold, becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
