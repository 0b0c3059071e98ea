"""Places in a document, as people write them: `models[0].limits.rpm`, `models.writer.temperature`, `headers["X.Y"]`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

import orjson

Path: TypeAlias = tuple[str | int, ...]

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SEGMENT = re.compile(
    r'\.(?P<word>[^.\[\]"\s]+)|\[(?P<index>[0-9]{1,9})\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]|\[(?P<bare>[^\[\]"]+)\]'
)


def show(path: Iterable[str | int]) -> str:
    """The path as text that `parse` reads back."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _WORD.fullmatch(key):
            text += f".{key}" if text else key
        else:
            text += f"[{orjson.dumps(key).decode()}]"
    return text


def parse(text: str) -> Path:
    """The path that a text means. Raises ValueError where it means none."""
    rest = text if text.startswith("[") or not text else f".{text}"
    keys: list[str | int] = []
    at = 0
    while at < len(rest):
        found = _SEGMENT.match(rest, at)
        if found is None:
            raise ValueError(f"not a path: {text!r}")
        keys.append(_key(found))
        at = found.end()
    return tuple(keys)


def _key(found: re.Match[str]) -> str | int:
    if found["index"] is not None:
        return int(found["index"])
    if found["quoted"] is not None:
        return str(orjson.loads(found["quoted"]))
    return found["word"] or found["bare"]
