"""HotpotQA's official measures: exact match and F1 of words, where yes, no and noanswer match themselves alone."""

from __future__ import annotations

from collections import Counter

from loopwright.datasets.answers import final, normalised
from loopwright.datasets.checking import Checker

_WHOLE = ("yes", "no", "noanswer")


def read(text: str) -> str:
    """The answer in a model's text, in the form that is compared."""
    return normalised(final(text))


def _exact(answer: str, reference: str) -> float:
    return float(read(answer) == normalised(reference))


def _f1(answer: str, reference: str) -> float:
    said, wanted = read(answer), normalised(reference)
    if said != wanted and (said in _WHOLE or wanted in _WHOLE):
        return 0.0
    words, others = said.split(), wanted.split()
    common = sum((Counter(words) & Counter(others)).values())
    if not common:
        return 0.0
    precision, recall = common / len(words), common / len(others)
    return 2 * precision * recall / (precision + recall)


EXACT = Checker(_exact, read)
F1 = Checker(_f1, read)
