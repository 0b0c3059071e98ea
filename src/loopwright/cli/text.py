"""Text for a terminal: what others wrote made harmless."""

from __future__ import annotations

import re

_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but for tab and newline, DEL, C1: what escape sequences are made of
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # bidi and invisible controls
    "\ud800-\udfff"  # lone surrogates: no encoding can write them
    "\U000e0000-\U000e0fff]"  # tags: invisible text
)


def plain(text: str) -> str:
    """The text with its control characters as visible escapes (`\\x1b`): nothing in it can move a cursor, set a title or
    reorder what is read. Newlines and tabs stay."""
    return _CONTROLS.sub(lambda found: _escape(found.group()), text)


def line(text: str, width: int | None = None) -> str:
    """The same on one line, cut to `width` characters."""
    flat = plain(text).replace("\n", "⏎").replace("\t", " ")
    return flat if width is None or len(flat) <= width else flat[: width - 1] + "…"


def plain_json(text: str) -> str:
    """JSON whose strings hold their control characters escaped: the same data."""
    return _CONTROLS.sub(lambda found: _json_escape(ord(found.group())), text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(code: int) -> str:
    units = [code] if code < 0x10000 else [0xD800 + (code - 0x10000 >> 10), 0xDC00 + (code - 0x10000 & 0x3FF)]
    return "".join(f"\\u{unit:04x}" for unit in units)
