"""For questions of any kind: equal numbers where the reference is a number, else equal words. Never a part of a text."""

from __future__ import annotations

import re
from decimal import Decimal

from loopwright.datasets.answers import bare, decimal, final, normalised, numbers, plain
from loopwright.datasets.checking import Checker

_BARE_POINT = re.compile(r"(?<![\w.])\.(?=\d)")
_MINUS = re.compile(r"(?<![^\s(])[-−](?=\d)")
_BETWEEN = re.compile(r"(?<=\d)(?!'\d{3}(?!\d))[^\w\s,](?=\d)")
"""A point, a stroke or a colon among digits, but for the comma or apostrophe of thousands."""


def read(text: str) -> str:
    """The last answer that the text marks as one, or all of it; a lone number in its plain form."""
    said = final(text).rstrip(" .\n")
    lone = _lone(said)
    if lone is not None and numbers(said) == [lone]:
        return plain(lone)
    words = _spelt(said)
    return normalised(words) or bare(words)  # where an article is all that is said, as of choices from A to D


def _spelt(said: str) -> str:
    """With words and gaps for the signs in numbers, which would be lost as punctuation: 1/2 is not 12, -5 kg not 5 kg."""
    return _BETWEEN.sub(" ", _MINUS.sub("minus ", _BARE_POINT.sub("0.", said)))


def _lone(said: str) -> Decimal | None:
    """The number that a text is, where it is one and its signs."""
    return decimal(said.strip("$€£% \t").lstrip("+").replace("$", ""))


def _same(answer: str, reference: str) -> float:
    return float(read(answer) == read(reference))


FINAL_ANSWER = Checker(_same, read)
