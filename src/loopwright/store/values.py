"""Values as the store keeps them: JSON text, free text that any file can hold, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from loopwright.errors import StoreCorrupt
from loopwright.records import Json

_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def to_json(value: Json) -> str:
    """The text that is stored; `TypeError` for what a store cannot keep."""
    return orjson.dumps(value, default=_plain, option=_STRICT).decode()


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
