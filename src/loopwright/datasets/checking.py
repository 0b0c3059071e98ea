"""What it means that an answer is right, and which answers are the same: one pair of functions per kind of question."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from loopwright.datasets.answers import final, normalised
from loopwright.errors import BoundaryError, PluginError
from loopwright.llm.quoting import quote
from loopwright.spec import paths
from loopwright.spec.blocks import Block, Named
from loopwright.spec.named import configured

CHECKER = "checker"
"""Begins what the error says of one that raised."""


class Mark(NamedTuple):
    right: bool
    score: float


@dataclass(frozen=True, slots=True)
class Checker:
    """`score` compares an answer with the reference; `read` says what a text answers, so that equal answers are equal texts
    (None: nothing)."""

    score: Callable[[str, str], float]
    read: Callable[[str], str | None]
    threshold: float = 1.0

    def mark(self, answer: str, reference: str) -> Mark:
        score = float(self.score(answer, reference))
        return Mark(score >= self.threshold, score)


class Threshold(Block):
    """What any checker can be told in a spec."""

    threshold: Annotated[float, Field(gt=0, le=1, description="the least score that is right")] = 1.0


def checker(member: Any, named: Named, path: str) -> Checker:
    """A member of the table, or a plugin's function `(answer, reference) -> bool | float`, as the spec has it."""
    threshold = configured(Threshold, named.argument, (*paths.parse(path), named.kind)).threshold
    if isinstance(member, Checker):
        return replace(member, threshold=threshold)
    if not callable(member) or inspect.iscoroutinefunction(member):
        raise PluginError(f"the checker {named.kind} is no plain function of answer and reference")
    return Checker(_guarded(named.kind, member), _said, threshold)


def _said(answer: str) -> str:
    return normalised(final(answer))


def _guarded(name: str, function: Callable[[str, str], object]) -> Callable[[str, str], float]:
    boundary = f"{CHECKER} {name}"

    def score(answer: str, reference: str) -> float:
        try:
            said = function(answer, reference)
        except Exception as error:
            raise BoundaryError(boundary, f"raised {quote(repr(error))}") from error
        if isinstance(said, bool | int | float) and 0 <= said <= 1:
            return float(said)
        raise BoundaryError(boundary, f"returned {quote(repr(said))}, which is neither a bool nor a score from 0 to 1")

    return score
