"""What a linear policy makes of each feature: coefficients with their uncertainty, from sums that are stored. Needs numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from loopwright.policy.encoding import PLAIN, Encoding
from loopwright.policy.keyed import Keyed
from loopwright.policy.linear import PLACE, Linear
from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.modifier import chain, innermost
from loopwright.policy.protocol import Choice, Lesson, Policy, Situation
from loopwright.policy.tally import UNIT
from loopwright.records import Arm

Floats = NDArray[np.float64]

MIDDLE = 0.5
"""What the policy takes an arm to earn before anything is known of it, and from which its coefficients count."""

BASE = "base"
_Z = 1.959964


class Coefficient(NamedTuple):
    """What a feature adds to the reward, with its 95 % interval: a number when it goes from the bottom to the top of its range,
    a level of a category against the middle of all its levels."""

    feature: str
    value: float
    low: float
    high: float


class Model(NamedTuple):
    """Of one arm, or of all where they share one (None): first the reward where every number is at its bottom, then what
    each feature adds, the largest first. `rewards` is how much it was learned from, `noise` how far rewards scatter around."""

    arm: str | None
    rewards: float
    noise: float
    coefficients: tuple[Coefficient, ...]


@dataclass
class _Sums:
    """Of the rewards as the model saw them, so that its misses follow from any coefficients."""

    size: int
    n: int = 0
    squares: float = 0.0
    towards: Floats = field(init=False)
    among: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.towards, self.among = np.zeros(self.size), np.zeros((self.size, self.size))

    def add(self, row: Sequence[float], value: float) -> None:
        numbers, missed = np.array(row), value - MIDDLE
        self.n += 1
        self.squares += missed * missed
        self.towards += missed * numbers
        self.among += np.outer(numbers, numbers)

    def noise(self, coefficients: Floats) -> float:
        """The standard deviation around the model; with too few rewards to tell, the largest there can be."""
        if self.n <= self.size:
            return 0.5
        missed = self.squares - 2 * coefficients @ self.towards + coefficients @ self.among @ coefficients
        return min(0.5, math.sqrt(max(0.0, float(missed)) / (self.n - self.size)))


class Heard:
    """A linear policy that is listened to while it learns."""

    def __init__(self, linear: Linear) -> None:
        self.linear = linear
        self.around: Policy = self
        """The policy with the modifiers around it."""
        self.sums: dict[str, _Sums] = {}

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        return self.linear.choose(situation, memory)  # type: ignore[attr-defined,no-any-return]

    def surely_better(self, situation: Situation, memory: Recollection, base: int, confidence: float) -> str | None:
        return self.linear.surely_better(situation, memory, base, confidence)

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        if lesson.weight > 0:
            arm = Arm(lesson.arm)
            (row,) = self.linear.rows(Situation(lesson.context, (arm,), 0, Keyed(0), lesson.encoding))
            self.sums.setdefault("" if self.linear.shared else lesson.arm, _Sums(len(row))).add(row, lesson.value)
        self.linear.learn(lesson, memory)


def listen(policy: Policy) -> Heard:
    """Puts an ear on the linear policy that this one is or holds."""
    modifiers = list(chain(policy))
    heard = Heard(cast(Linear, innermost(policy)))
    if modifiers:
        vars(modifiers[-1])["inner"] = heard
        heard.around = policy
    return heard


def models(heard: Heard, encoding: Encoding | None, known: Mapping[str, Any]) -> tuple[Model, ...]:
    """`known` is the state of the memory, as JSON; arms in alphabetical order."""
    columns = _columns(encoding or PLAIN, heard.linear.shared)
    return tuple(_model(owner, known[PLACE][owner], heard, columns) for owner in sorted(known.get(PLACE, ())))


class _Columns(NamedTuple):
    """What stands in each column of the features, and the matrix that sets each level against the middle of its category."""

    names: list[str]
    set_apart: Floats


def _columns(encoding: Encoding, shared: bool) -> _Columns:
    names = [BASE] if encoding.bias else []
    names += [f"{name} ({low:g} to {high:g})" for name, (low, high) in encoding.numbers.items()]
    set_apart: Floats = np.eye(len(names) + sum(map(len, encoding.categories.values())))
    for name, levels in encoding.categories.items():
        if encoding.bias:
            block = slice(len(names), len(names) + len(levels))
            set_apart[block, block] -= 1 / len(levels)
            set_apart[0, block] = 1 / len(levels)
        names += [f"{name}={level}" for level in levels]
    if not shared:
        return _Columns(names, set_apart)
    crossed, alone = encoding.of_arms
    products = [*(_product(arm, name) for arm in crossed for name in names), *(f"arm's {name}" for name in alone)]
    matrix = np.eye(len(products))
    matrix[: len(crossed) * len(names), : len(crossed) * len(names)] = np.kron(np.eye(len(crossed)), set_apart)
    return _Columns(products, matrix)


def _product(arm: str | None, name: str) -> str:
    if arm is None:
        return name
    return f"arm's {arm}" if name == BASE else f"arm's {arm} × {name}"


def _model(owner: str, sums: Sequence[int], heard: Heard, columns: _Columns) -> Model:
    size = len(columns.names)
    among, above = np.zeros((size, size)), np.triu_indices(size)
    among[above] = among.T[above] = np.array(sums[1 + size :]) / UNIT
    inverse = np.linalg.inv(among + heard.linear.ridge * np.eye(size))
    values = inverse @ (np.array(sums[1 : 1 + size]) / UNIT)
    noise = heard.sums[owner].noise(values) if owner in heard.sums else 0.5
    errors = noise * np.sqrt(np.diag(columns.set_apart @ inverse @ columns.set_apart.T))
    found = list(map(_coefficient, columns.names, (columns.set_apart @ values).tolist(), errors.tolist()))
    found.sort(key=lambda each: (each.feature != BASE, -abs(each.value)))
    return Model(owner or None, sums[0] / UNIT, noise, tuple(found))


def _coefficient(feature: str, value: float, error: float) -> Coefficient:
    middle = value + MIDDLE * (feature == BASE)
    return Coefficient(feature, middle, middle - _Z * error, middle + _Z * error)
