"""GSM8K: the official comparison of what stands behind `####`, and one of numbers for models that were not taught that mark."""

from __future__ import annotations

import re
from decimal import Decimal

from loopwright.datasets.answers import final, numbers, plain
from loopwright.datasets.checking import Checker

_OFFICIAL = re.compile(r"#### (\-?[0-9\.\,]+)")
_MARK = "####"


def marked(text: str) -> str | None:
    """The official extraction: the first number behind `#### `, without commas."""
    found = _OFFICIAL.search(text)
    return None if found is None else found[1].strip().replace(",", "")


def number(text: str) -> Decimal | None:
    """The number that a text comes to: behind its last `####`, else in its last `Answer:`, else the last of all."""
    _, mark, behind = text.rpartition(_MARK)
    if mark and (found := numbers(behind)):
        return found[0]
    said = numbers(final(text)) or numbers(text)
    return said[-1] if said else None


def _strict(answer: str, reference: str) -> float:
    wanted = marked(reference) or reference.strip().replace(",", "")
    return float(marked(answer) == wanted)


def _numeric(answer: str, reference: str) -> float:
    found, wanted = number(answer), number(reference)
    return float(found is not None and found == wanted)


def _read(text: str) -> str | None:
    found = number(text)
    return None if found is None else plain(found)


STRICT = Checker(_strict, marked)
NUMERIC = Checker(_numeric, _read)
