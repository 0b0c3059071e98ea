"""Random text from patterns: `[a|b]` is one of its alternatives, `{name}` is drawn from a list of that name.

Here is also how a tenth of all that can be drawn is held out from training, by a hash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from random import Random

Lists = Mapping[str, Sequence[str]]

HELD_OUT = 0.1

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_NAME = re.compile(r"\{(\w+)\}")


@cache
def _alternatives(body: str) -> tuple[str, ...]:
    return tuple(body.split("|"))


def expand(random: Random, pattern: str, lists: Lists | None = None, values: Mapping[str, str] | None = None) -> str:
    """The same name is the same value throughout one text; `values` are given, the others are drawn."""
    text = pattern
    while "[" in text:
        text = _CHOICE.sub(lambda found: random.choice(_alternatives(found[1])), text)
    return _NAME.sub(_value(random, lists or {}, dict(values or {})), text) if "{" in text else text


def _value(random: Random, lists: Lists, known: dict[str, str]) -> Callable[[re.Match[str]], str]:
    def value(found: re.Match[str]) -> str:
        if found[1] not in known:
            known[found[1]] = random.choice(lists[found[1]])
        return known[found[1]]

    return value


def made_up(random: Random) -> str:
    """A word that nobody knows: names and things of users are often such to a small vocabulary."""
    return "".join(
        random.choice("bdfgklmnprstvz") + random.choice("aeiou") for _ in range(random.randint(2, 3))
    ) + random.choice("nrlkt")


def held_out(key: str) -> bool:
    return int.from_bytes(blake2b(key.encode(), digest_size=4).digest()) < HELD_OUT * 2**32


def text_held_out(text: str) -> bool:
    """Whatever its capitals and marks are."""
    return held_out(" ".join(re.findall(r"\w+", text.lower())))
