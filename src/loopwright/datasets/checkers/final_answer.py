"""For questions of any kind: equal numbers where the reference is a number, else equal words. Never a part of a text."""

from __future__ import annotations

from loopwright.datasets.answers import bare, decimal, final, normalised, numbers, plain
from loopwright.datasets.checking import Checker


def read(text: str) -> str:
    """The last answer that the text marks as one, or all of it; a lone number in its plain form."""
    said = final(text).strip(" .\n")
    found = numbers(said)
    if len(found) == 1 and _lone(said):
        return plain(found[0])
    return normalised(said) or bare(said)  # where an article is all that is said, as of choices from A to D


def _lone(said: str) -> bool:
    """Whether a text is one number and its signs."""
    return decimal(said.strip("$€£% \t").lstrip("+").replace("$", "")) is not None


def _same(answer: str, reference: str) -> float:
    return float(read(answer) == read(reference))


FINAL_ANSWER = Checker(_same, read)
