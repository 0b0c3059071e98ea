"""Text for a terminal: what others wrote made harmless, and numbers made readable."""

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


def usd(nano: int | None) -> str:
    """`$1.23`; small sums keep two significant digits; None is unknown, never 0."""
    if nano is None:
        return "unknown"
    dollars = nano / 1e9
    if dollars == 0 or dollars >= 0.1:
        return f"${dollars:,.2f}"
    return f"${dollars:.9f}"[: max(5, 3 + _zeros(dollars) + 2)]


def count(number: float | None) -> str:
    """`12,345`."""
    return "unknown" if number is None else f"{number:,.0f}"


def share(part: float, whole: float) -> str:
    """`37.5 %`."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def duration(seconds: float | None) -> str:
    """`45 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`."""
    if seconds is None:
        return "unknown"
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min {total % 60:02d} s"
    if total < 86400:
        return f"{total // 3600} h {total % 3600 // 60:02d} min"
    return f"{total // 86400} d {total % 86400 // 3600} h"


def _zeros(dollars: float) -> int:
    """How many zeros follow the point of a number below 0.1."""
    digits = f"{dollars:.9f}".partition(".")[2]
    return len(digits) - len(digits.lstrip("0"))


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(code: int) -> str:
    units = [code] if code < 0x10000 else [0xD800 + (code - 0x10000 >> 10), 0xDC00 + (code - 0x10000 & 0x3FF)]
    return "".join(f"\\u{unit:04x}" for unit in units)
