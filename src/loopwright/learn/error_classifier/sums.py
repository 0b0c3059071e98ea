"""The numbers and the equations in a text: read, never evaluated as code."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?!\w)|\d[\d,]*(?:\.\d+)?")
_TERM = r"\$?\s*\d[\d,]*(?:\.\d+)?\s*%?"
_EQUATION = re.compile(rf"({_TERM}(?:\s*[-+*/x×÷]\s*{_TERM})+)\s*=\s*(-?\s*{_TERM})")
_PIECE = re.compile(r"\d[\d,]*(?:\.\d+)?|[-+*/x×÷]")
_DIVIDES, _TIMES = frozenset("/÷"), frozenset("*x×")
MOST = 50
"""Equations of a text that are looked at."""


class Equation(NamedTuple):
    """`holds` where its left side comes to its right one, as far as that was rounded."""

    operands: tuple[float, ...]
    result: float
    holds: bool


def numbers(text: str) -> tuple[float, ...]:
    """In their order. A sign counts where it cannot be a minus between two numbers."""
    return tuple(_value(found) for found in _NUMBER.findall(text))


def equations(text: str) -> list[Equation]:
    """Sums written out as `3 + 4 * 2 = 11`, the first of them."""
    if "=" not in text:
        return []
    return [found for found in map(_equation, _matches(text)) if found is not None]


def _matches(text: str) -> Iterator[re.Match[str]]:
    for number, match in enumerate(_EQUATION.finditer(text)):
        if number == MOST:
            return
        yield match


def _equation(match: re.Match[str]) -> Equation | None:
    pieces = _PIECE.findall(match[1])
    operands, signs = [_value(each) for each in pieces[::2]], pieces[1::2]
    if len(operands) != len(signs) + 1:
        return None
    left, right = _worked_out(operands, signs), _value(match[2])
    if "%" in match[1]:
        left /= 100.0
    return Equation(tuple(operands), right, _rounds(left, right) or _rounds(left * 100.0, right))


def _worked_out(operands: list[float], signs: list[str]) -> float:
    """By the rules: times and divided before plus and minus, from left to right."""
    total, term = 0.0, operands[0]
    for sign, operand in zip(signs, operands[1:], strict=True):
        if sign in _TIMES:
            term *= operand
        elif sign in _DIVIDES:
            term = term / operand if operand else math.nan
        else:
            total, term = total + term, operand if sign == "+" else -operand
    return total + term


def _rounds(exact: float, written: float) -> bool:
    return math.isclose(exact, written, rel_tol=0.01, abs_tol=0.01)


def _value(text: str) -> float:
    plain = re.sub(r"[^\d.\-]", "", text)
    return float(plain) if plain not in ("", "-", ".") else 0.0
