"""Reads a problem as the embedded model was taught it: its numbers and signs, or why it is not one that it was taught."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from loopwright.llm.quoting import quote
from loopwright.llm.tiny import stories
from loopwright.llm.tiny.stories import apply

_SHOWN = 120
_PARTS = re.compile(r"\{(\w+)\}|([\[\]|])|([^{\[\]|]+)")
_PRONOUNS = "he|she|they|it"
_NO_NAMES = (
    "a|an|more|less|fewer|than|each|every|all|some|none|of|and|or|then|times|twice|half|there|no|nobody|not"
    "|in|on|to|from|for|with|but|if|is|are|do|does|him|her|me|us|them"
)
_WORD = rf"(?!(?:{_NO_NAMES}|{_PRONOUNS})\b)[A-Za-z][A-Za-z'-]*"
_THING = rf"{_WORD}(?: {_WORD})?"
_SLOTS = {
    "n": _THING, "m": _THING, "i": _THING, "box": _WORD, "day": "|".join(stories.LISTS["day"]), "p": f"{_PRONOUNS}|i|we",
    "o": "him|her|me|us|them|it", "a": r"\d+", "b": r"\d+", "c": r"\d+", "x": r"\d+", "sign": r"[-+x*]",
}  # fmt: skip
_VERBS = re.compile(r"\b([a-z]{3,})s\b")
_NAMED = ("n", "m", "i", "box")


class Sum(NamedTuple):
    """Numbers, the signs between them, and what its slots hold: who has how many of what."""

    numbers: tuple[int, ...]
    signs: str
    named: Mapping[str, str]


class _Frame(NamedTuple):
    signs: str
    pattern: re.Pattern[str]


class _Frames(NamedTuple):
    bare: tuple[_Frame, ...]
    openings: tuple[_Frame, ...]
    changes: tuple[_Frame, ...]
    asks: tuple[_Frame, ...]


def read_sum(question: str) -> Sum | str:
    """The problem that a question tells; why it is none that was taught, where it is not."""
    found = next((read for read in (*_bare(question), *_stories(question)) if read is not None), None)
    if found is None:
        return f"it was not taught problems that are told like this: {quote(question, limit=_SHOWN)!r}"
    return _untaught(found.numbers, found.signs) or found


def _untaught(numbers: tuple[int, ...], signs: str) -> str | None:
    """Why a sum is none of those that it was taught."""
    if not all(stories.SMALLEST <= number <= stories.LARGEST for number in numbers):
        return f"its numbers are {stories.SMALLEST} to {stories.LARGEST}"
    if "x" in signs[1:]:
        return "it multiplies in the first step alone"
    if signs[0] == "x" and not (numbers[0] <= stories.GROUPS_AT_MOST and numbers[1] <= stories.EACH_AT_MOST):
        return f"it multiplies a number up to {stories.GROUPS_AT_MOST} by one up to {stories.EACH_AT_MOST}, in this order"
    value = apply(numbers[0], signs[0], numbers[1])
    if value < 0 or (signs[1:] == "-" and value <= numbers[2]):
        return "it was not taught to take away more than there is, nor in a second step all that is left"
    return None


def _bare(question: str) -> Iterator[Sum | None]:
    for frame in _frames().bare:
        found = frame.pattern.fullmatch(question)
        if found:
            slots = _slots([found])
            signs = frame.signs or "".join(slots["sign"]).replace("*", "x")
            yield Sum(tuple(int(number) for name in "abc" for number in slots.get(name, ())), signs, {})


def _stories(question: str) -> Iterator[Sum | None]:
    for signs, found in _told(question, 0, _frames().openings):
        yield from _changed(question, signs, [found])


def _changed(question: str, signs: str, told: list[re.Match[str]]) -> Iterator[Sum | None]:
    """What comes after a story's beginning: a change, or two, and what is asked."""
    at = told[-1].end()
    for _, asked in _told(question, at, _frames().asks):
        if asked.end() == len(question) and signs:
            yield _sum(signs, [*told, asked])
    for more, found in _told(question, at, _frames().changes):
        if len(signs + more) <= 2:
            yield from _changed(question, signs + more, [*told, found])


def _told(question: str, at: int, frames: tuple[_Frame, ...]) -> Iterator[tuple[str, re.Match[str]]]:
    return ((frame.signs, found) for frame in frames if (found := frame.pattern.match(question, at)))


def _sum(signs: str, told: list[re.Match[str]]) -> Sum | None:
    """None where what is asked about is not who, or what, the story is about."""
    slots = _slots(told)
    things = {value.rpartition(" ")[2].casefold() for value in slots.get("i", ())}
    if len(things) > 1 or len({value.casefold() for value in slots.get("n", ())}) > 1:
        return None
    numbers = tuple(int(number) for name in "abx" for number in slots.get(name, ()))
    return Sum(numbers, signs, {name: slots[name][0] for name in _NAMED if name in slots})


def _slots(told: list[re.Match[str]]) -> dict[str, list[str]]:
    slots: dict[str, list[str]] = {}
    for found in told:
        for group, value in found.groupdict().items():
            if value is not None:
                slots.setdefault(group.partition("_")[0], []).append(value)
    return slots


@cache
def _frames() -> _Frames:
    retold = stories.RETOLD
    both = [(one + other, _both(way, one, other)) for way in (stories.DOES, stories.DID) for one in "+-" for other in "+-"]
    begun = [(sign, stories.BEGUN.replace("{done}", _any((*stories.DOES[sign], *stories.DID[sign])))) for sign in "+-"]
    bare = [*_each(stories.BARE), *(("", two.replace("{p}", "{sign}").replace("{q}", "{sign}")) for two in stories.BARE_TWO)]
    openings = [("", _any((*stories.STARTS, *retold["start"]))), ("x", _any((*stories.GROUPS, *retold["x"]))), *begun]
    changes = [*((sign, _any((*told, *retold[sign]))) for sign, told in stories.CHANGES.items()), *both]
    asks = [("", _any((*stories.ASKS, *retold["ask"])))]
    return _Frames(*(tuple(_Frame(signs, _compiled(text)) for signs, text in kind) for kind in (bare, openings, changes, asks)))


def _each(table: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(sign, _any(patterns)) for sign, patterns in table.items()]


def _any(patterns: tuple[str, ...]) -> str:
    return f"[{'|'.join(patterns)}]"


def _both(way: Mapping[str, tuple[str, ...]], one: str, other: str) -> str:
    return stories.BOTH.replace("{first}", _any(way[one])).replace("{second}", _any(way[other]))


_FREELY = {"{n} ": "[{n}|{p}] ", "{p2}": "{p}", "{x}": "{x}[| {i}]", " more": " more[| {i}]", "How many {i}": "How many[| {i}]"}
"""Problems are read more freely than they are drawn: a pronoun for a name, the thing named once more, or not."""


def _compiled(text: str) -> re.Pattern[str]:
    for drawn, read in _FREELY.items():
        text = text.replace(drawn, read)
    made = [_slot(part, place) if (part := found[1]) else _literal(found) for place, found in enumerate(_PARTS.finditer(text))]
    return re.compile("".join(made) + r"(?: |$)", re.I)


def _slot(name: str, place: int) -> str:
    return f"(?P<{name}_{place}>{_SLOTS[name]})"


def _literal(found: re.Match[str]) -> str:
    """A verb also as it goes with "I", and "had" for "has"."""
    if found[2]:
        return {"[": "(?:", "]": ")", "|": "|"}[found[2]]
    spoken = _VERBS.sub(r"\1s?", re.escape(found[3]))
    return spoken.replace("has", "ha(?:s|ve|d)").replace("does?", "do(?:es)?")
