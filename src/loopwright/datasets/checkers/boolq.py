"""BoolQ: the first word of the answer that is a yes or a no."""

from __future__ import annotations

import re

from loopwright.datasets.answers import final
from loopwright.datasets.checking import Checker

_WORD = re.compile(r"[^\W_]+")
_MEANS = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


def read(text: str) -> str | None:
    """yes, no, or None where neither is said: a whole word, never a part of one (as in `not` or `know`)."""
    words = (word.lower() for word in _WORD.findall(final(text)))
    return next((_MEANS[word] for word in words if word in _MEANS), None)


def _same(answer: str, reference: str) -> float:
    said = read(answer)
    return float(said is not None and said == read(reference))


FIRST_TOKEN = Checker(_same, read)
