"""Amounts as people put them: "at most two sentences", "10-20 words", "under 280 characters"."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple, TypeAlias

_Meaning: TypeAlias = Callable[[int, int], tuple[int | None, int | None]]


class Bounds(NamedTuple):
    """Of words, sentences or characters. None is no bound on that side."""

    unit: str
    least: int | None
    most: int | None


def _listed(words: str) -> list[str]:
    return words.split()


_TEENS = _listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen"
)
_TENS = dict(zip(_listed("twenty thirty forty fifty sixty seventy eighty ninety"), range(20, 100, 10), strict=True))
_NUMBERS = {
    **{word: number for number, word in enumerate(_TEENS)},
    **_TENS,
    **{f"{ten}{by}{_TEENS[one]}": value + one for ten, value in _TENS.items() for one in range(1, 10) for by in "- "},
    **{f"{_TEENS[n]} hundred": 100 * n for n in range(1, 10)},
    **{"a hundred": 100, "a thousand": 1000, "one thousand": 1000, "a dozen": 12, "a single": 1, "single": 1, "a couple of": 2},
}
_NUMBER_WORDS = re.compile(rf"\b(?:{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})\b")
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}\b)")

_LESS = (
    r"at most|no more than|not more than|(?:does )?not exceed|up to|(?:a )?max(?:imum)?\.?(?: of)?|no longer than|"
    r"not (?:be )?longer than|within|<=|≤"
)
_MORE = (
    "at least|no fewer than|no less than|not less than|(?:a )?min(?:imum)?\\.?(?: of)?|no shorter than|not shorter than|>=|≥"
)
_UNIT = r"[ -]?(?P<unit>word|sentence|character|char)s?"
_PHRASES: dict[str, _Meaning] = {
    r"(?:between |from )?N(?: ?(?:-|–|to|and|or) ?)M": lambda n, m: (n, m),
    rf"(?:{_LESS}) ?N": lambda n, _: (None, n),
    r"N< (?:or (?:less|fewer)|at most|max(?:imum)?\.?)": lambda n, _: (None, n),
    r"(?:fewer than|less than|under|below|shorter than|<) ?N": lambda n, _: (None, n - 1),
    rf"(?:{_MORE}) ?N": lambda n, _: (n, None),
    r"N< (?:or (?:more|longer)|at least|min(?:imum)?\.?)": lambda n, _: (n, None),
    r"N\+": lambda n, _: (n, None),
    r"(?:more than|over|above|longer than|>) ?N": lambda n, _: (n + 1, None),
    r"(?:about|around|roughly|approximately|circa|some|~) ?N": lambda n, _: (n * 4 // 5, -(-n * 6 // 5)),
    r"(?:exactly |just |only |an? )?N": lambda n, _: (n, n),
}
"""What N and M mean: the least and the most. The unit follows at `<`, or else at the end."""


def with_digits(plain: str) -> str:
    """Numbers that are written as words, as digits."""
    return _GROUPED.sub("", _NUMBER_WORDS.sub(lambda word: str(_NUMBERS[word[0]]), plain))


def bounds(plain: str) -> Bounds | None:
    """Of a text in lower case, with digits, that says an amount and nothing else."""
    for pattern, meaning in _compiled():
        found = pattern.fullmatch(plain)
        if found is None:
            continue
        said = found.groupdict()
        n = int(said["n"])
        least, most = meaning(n, int(said.get("m") or n))
        if (most is not None and most < 0) or (least is not None and most is not None and least > most):
            return None
        return Bounds("character" if said["unit"] == "char" else said["unit"], least, most)
    return None


@cache
def _compiled() -> list[tuple[re.Pattern[str], _Meaning]]:
    return [(_pattern(phrase), meaning) for phrase, meaning in _PHRASES.items()]


def _pattern(phrase: str) -> re.Pattern[str]:
    whole = phrase.replace("<", _UNIT) if phrase.startswith("N<") else phrase + _UNIT
    return re.compile(whole.replace("N", r"(?P<n>\d{1,6})", 1).replace("M", r"(?P<m>\d{1,6})", 1))
