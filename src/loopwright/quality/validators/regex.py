"""Patterns that a text must or must not hold.

They are searched by an engine without backtracking (Rust's, which pydantic brings): the time is linear in the text, and a
pattern that would need backtracking, or a very large automaton, is refused when the spec is read.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, ClassVar

from pydantic import Field, field_validator, model_validator
from pydantic_core import SchemaError, SchemaValidator, core_schema

from loopwright.llm.quoting import quote
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Given, Parameters, TextField, ruled

_MOST_STATES = 2_000
_SURROGATE = re.compile("[\ud800-\udfff]")
_TOKEN = re.compile(
    r"\\[pP]\{[^}]*\}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?P?<\w+>|\?[^:)]*:?)?|\)|\{\s*(?P<least>\d*)\s*(?:,\s*(?P<most>\d*)\s*)?\}|.",
    re.S,
)


class Regex(Parameters):
    """A pattern matches anywhere unless it is anchored with ^ or $. `says` is the reason given where a row fails."""

    cost: ClassVar[int] = 20
    graded: ClassVar[bool] = False

    must: Annotated[str | None, Field(description="a pattern that is to be found")] = None
    must_not: Annotated[str | None, Field(description="a pattern that is not to be found")] = None
    says: Annotated[str | None, Field(max_length=200, description="what is wrong with a row that fails, in words")] = None
    field: TextField = None

    @field_validator("must", "must_not")
    @classmethod
    def _searchable(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            searcher(pattern)
        return pattern

    @model_validator(mode="after")
    def _something(self) -> Regex:
        if self.must is None and self.must_not is None:
            raise ValueError("asks for nothing: give a pattern as must or must_not")
        return self

    def fitted(self, given: Given) -> Regex:
        return self

    def judge(self, row: Row) -> Ruling:
        return ruled(row, self.field, self.rule)

    def rule(self, text: str) -> Ruling:
        plain = _SURROGATE.sub("\ufffd", text)
        if self.must is not None and not searcher(self.must).isinstance_python(plain):
            return Ruling(False, reason=self.says or f"holds nothing that matches {quote(self.must, limit=80)}")
        if self.must_not is not None and searcher(self.must_not).isinstance_python(plain):
            return Ruling(False, reason=self.says or f"holds what matches {quote(self.must_not, limit=80)}")
        return Ruling(True)

    def against(self, other: object) -> str | None:
        if not isinstance(other, Regex):
            return None
        asked = ((self.must, other.must_not), (other.must, self.must_not))
        found = next((must for must, must_not in asked if must is not None and _unanchored(must) == must_not), None)
        return None if found is None else f"each text that matches {quote(found, limit=80)} holds what must not be there"


def _unanchored(pattern: str) -> str:
    """What a text that matches the pattern holds, wherever it stands in it."""
    return pattern.removeprefix(r"^\s*").removesuffix(r"\s*$")


@lru_cache(maxsize=256)
def searcher(pattern: str) -> SchemaValidator:
    """Raises ValueError where the pattern is none, or none that is searched in bounded time."""
    try:
        found = SchemaValidator(core_schema.str_schema(pattern=pattern))
    except (SchemaError, UnicodeError) as error:
        raise ValueError(f"is not a pattern that can be searched in linear time: {_complaint(str(error))}") from None
    weight = states(pattern)
    if weight > _MOST_STATES:
        raise ValueError(f"repeats so much that a search would be slow: {weight} states, at most {_MOST_STATES}")
    return found


def _complaint(said: str) -> str:
    """The last line of what the engine says holds the reason."""
    return quote(said.strip().rpartition("\n")[2].removeprefix("error: ").strip(), limit=160)


def states(pattern: str) -> int:
    """About how many states the automaton of a pattern has: counted repetitions multiply."""
    totals, last = [0], 0
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        if text[0] == "(":
            totals.append(0)
            last = 0
        elif text == ")" and len(totals) > 1:
            last = totals.pop()
            totals[-1] += last
        elif token["least"] is not None and text[0] == "{":
            times = int(token["most"] or token["least"] or 0)
            totals[-1] += last * (max(times, 1) - 1)
            last *= max(times, 1)
        elif text not in "*+?|":
            last = 1
            totals[-1] += 1
    return sum(totals)
