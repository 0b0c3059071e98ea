"""HTML and SVG as text that is safe by construction: whatever is not markup already is escaped, in this one place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import TypeAlias

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # no XML file may hold the first of these
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"  # invisible, or reordering
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_VOID = frozenset({"meta", "link", "br"})


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Child: TypeAlias = str | Markup | None
Attribute: TypeAlias = str | float | None


def visible(text: str) -> str:
    """The text without characters that are not seen: controls, marks that reorder it, halves of surrogate pairs."""
    return _UNSEEN.sub("", text)


def shortened(text: str, width: int) -> str:
    """On one line, and cut to so many characters."""
    flat = " ".join(visible(text).split())
    return flat if len(flat) <= width else flat[: width - 1].rstrip() + "…"


def safe(text: str) -> Markup:
    return text if isinstance(text, Markup) else Markup(escape(visible(text)))


def joined(children: Iterable[Child]) -> Markup:
    return Markup("".join(safe(child) for child in children if child is not None))


def element(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """An element. An attribute may end in `_` (`class_`), has `-` where Python has `_`, and is left out where it is None."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{safe(_text(value))}"' for key, value in attributes.items() if value is not None
    )
    return Markup(f"<{name}{given}>" if name in _VOID else f"<{name}{given}>{joined(children)}</{name}>")


def _text(value: str | float) -> str:
    """Coordinates with two digits are as fine as any screen."""
    return f"{round(value, 2):g}" if isinstance(value, float) else str(value)
