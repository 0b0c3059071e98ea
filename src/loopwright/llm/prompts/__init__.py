"""The exact prompts through which workflows speak to models, as data: a large model and the embedded one read the same.

`render` writes the prompt of a job, `recognise` reads one back. What is data in a prompt stands between tags that its
text cannot close.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple, TypeAlias

import orjson

from loopwright.errors import UsageError

Style: TypeAlias = Literal["concise", "neutral", "supportive", "adversarial", "critique_revise", "exhaustive"]
Load: TypeAlias = Literal["low", "medium", "high"]

_FACT = re.compile(r"^- (.+?): (.*)$", re.M)
_SLOT = re.compile(r"\{(\w+)\}")
_CLOSING = re.compile(r"<(\\*)(?=\s*/\s*(?:data|premise|hypothesis)\s*>)", re.I)
_CLOSING_FENCED = re.compile(r"<\\(\\*)(?=\s*/\s*(?:data|premise|hypothesis)\s*>)", re.I)


@dataclass(frozen=True, slots=True)
class Reprompt:
    """Words that ask for another try. One of the `holdout` is never offered while a policy is being trained."""

    id: str
    style: Style
    load: Load
    holdout: bool
    text: str


class Recognised(NamedTuple):
    job: str
    slots: dict[str, str]


@cache
def jobs() -> tuple[str, ...]:
    """The names that `render` knows."""
    names = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".txt") for name in names if name.endswith(".txt")))


@cache
def slots(job: str) -> tuple[str, ...]:
    """What the prompt of a job wants to be told, in the order in which it stands there."""
    return tuple(dict.fromkeys(_SLOT.findall(_template(job))))


def render(job: str, **values: str) -> str:
    if set(values) != set(slots(job)):
        given = ", ".join(sorted(values)) or "nothing"
        raise UsageError(f"the prompt {job!r} wants {', '.join(slots(job))}; it was given {given}")
    return _SLOT.sub(lambda slot: _fenced(values[slot[1]]), _template(job))


def recognise(text: str) -> Recognised | None:
    """Which job a prompt asks for, and what it was told; None where it is none of ours."""
    for job in jobs():
        found = _pattern(job).fullmatch(text.strip())
        if found is not None:
            return Recognised(job, {name: _unfenced(value) for name, value in found.groupdict().items()})
    return None


def facts(named: Mapping[str, str]) -> str:
    """What a row is to be, a line for each, as the slot `facts` wants it."""
    return "\n".join(f"- {name}: {' '.join(value.split())}" for name, value in named.items()) or "- nothing in particular"


def read_facts(text: str) -> dict[str, str]:
    return dict(_FACT.findall(text))


@cache
def reprompts() -> tuple[Reprompt, ...]:
    """The bank: ways to ask again, in six styles."""
    return tuple(Reprompt(**entry) for entry in orjson.loads(files(__name__).joinpath("reprompts.json").read_bytes()))


@cache
def evolutions() -> Mapping[str, tuple[str, ...]]:
    """Instructions for `evolve_row`, by what they do to a row."""
    found = orjson.loads(files(__name__).joinpath("evolutions.json").read_bytes())
    return {operation: tuple(instructions) for operation, instructions in found.items()}


@cache
def _template(job: str) -> str:
    if job not in jobs():
        raise UsageError(f"there is no prompt {job!r}; there are {', '.join(jobs())}")
    return files(__name__).joinpath(f"{job}.txt").read_text(encoding="utf-8").strip()


@cache
def _pattern(job: str) -> re.Pattern[str]:
    seen: set[str] = set()
    parts = _SLOT.split(_template(job))
    return re.compile("".join(_part(part, index % 2 == 1, seen) for index, part in enumerate(parts)), re.S)


def _part(part: str, is_slot: bool, seen: set[str]) -> str:
    if not is_slot:
        return re.escape(part)
    if part in seen:
        return f"(?P={part})"
    seen.add(part)
    return f"(?P<{part}>.*?)"


def _fenced(value: str) -> str:
    """A text that would close the tags around it gets a backslash there, which it loses again when it is read."""
    return _CLOSING.sub(r"<\\\1", value)


def _unfenced(value: str) -> str:
    return _CLOSING_FENCED.sub(r"<\1", value)
