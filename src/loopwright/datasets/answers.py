"""What a text answers: the words behind its last `Answer:`, and numbers and words in the one form in which equals are equal."""

from __future__ import annotations

import re
import string
from decimal import Decimal, InvalidOperation

_MARKED = re.compile(r"^[ \t>*_#-]*(?:the[ \t]+)?(?:final[ \t]+)?(?:answer|A)[ \t*_]*:[ \t*_]*(.*?)[ \t*_]*$", re.I | re.M)
_NUMBER = re.compile(r"(?<![\w.,])([-−]?)(?:[$€£][ \t]?)?([-−]?)(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = frozenset(string.punctuation)


def final(text: str) -> str:
    """What stands behind the last line that begins with `Answer:` or `A:`, or in the line below where that is the last; the
    whole text where there is none."""
    for marked in reversed([*_MARKED.finditer(text)]):
        below = text[marked.end() :].strip(" \t\r\n*_")
        if said := marked[1] or ("" if "\n" in below else below):
            return said
    return text.strip()


def numbers(text: str) -> list[Decimal]:
    """The numbers in it, without thousands separators, signs of currency and percent."""
    return [value for sign, inner, digits in _NUMBER.findall(text) if (value := decimal(sign + inner + digits)) is not None]


def decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text.replace(",", "").replace("−", "-"))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def plain(value: Decimal) -> str:
    """Equal numbers as equal texts: 18 for 18.00."""
    return format(value.normalize() + 0, "f")


def normalised(text: str) -> str:
    """As HotpotQA's official evaluation has it: lower case, without punctuation, articles and needless blanks."""
    return " ".join(_ARTICLES.sub(" ", bare(text)).split())


def bare(text: str) -> str:
    """In lower case, without punctuation."""
    return "".join(each for each in text.lower() if each not in _PUNCTUATION).strip()
