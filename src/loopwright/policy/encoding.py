"""How a workflow's contexts and arms become numbers, for the policies that generalise over them. Declared once per workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from loopwright.errors import UsageError
from loopwright.kinds import nearest
from loopwright.records import Arm, Fields

LIMIT = 100.0
"""How large a feature may be: sums of its squares must stay exact over millions of lessons."""


@dataclass(frozen=True)
class Encoding:
    """`numbers` gives each numeric field's range, which becomes 0..1; `categories` each category's levels, one column each.

    A field that is missing, or a level that is not declared, is all zeros. `bias` adds a constant 1. `arms` are the arms whose
    `features` matter; they are taken as they are.

    Where arms share one model, its features are the products of a 1 and each feature of the arm with each number of the
    context. With `crossed`, only the features named there are multiplied, the others stand alone, and there is no 1: an arm of
    no features is one that nothing is learned of.
    """

    numbers: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    arms: Sequence[Arm] = ()
    bias: bool = True
    crossed: Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in self.numbers.items():
            if not low < high:
                raise UsageError(f"the range of context field {name!r} ends at {high:g}, which is not above {low:g}")

    def plain(self) -> dict[str, Any]:
        """As JSON, in which the order of the columns is kept."""
        return {
            "numbers": [[name, low, high] for name, (low, high) in self.numbers.items()],
            "categories": [[name, list(levels)] for name, levels in self.categories.items()],
            "arms": [[arm.name, dict(arm.features)] for arm in self.arms],
            "bias": self.bias,
            **({} if self.crossed is None else {"crossed": list(self.crossed)}),
        }

    def columns(self) -> dict[str, Any]:
        """What must be alike for sums of two encodings to be added: their columns in order, not what each arm has there."""
        return {**self.plain(), "arms": [list(names) for names in self.of_arms]}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Encoding:
        """The same again from JSON."""
        return cls(
            {name: (low, high) for name, low, high in plain["numbers"]},
            dict(plain["categories"]),
            [Arm(name, features=features) for name, features in plain["arms"]],
            plain["bias"],
            plain.get("crossed"),
        )

    def context(self, context: Fields) -> tuple[float, ...]:
        """The context as numbers. The last one is kept: it is asked for when it decides and again when it teaches."""
        if self._last and self._last[0] is context:
            known: tuple[float, ...] = self._last[1]
            return known
        row = [1.0] if self.bias else []
        for name, low, scale in self._scales:
            value = context.get(name)
            row.append((value - low) * scale if type(value) is float else _scaled(name, value, low, scale))
        if self.categories:
            for name, levels in self.categories.items():
                given = context.get(name)
                row += [float(given == level) for level in levels]
        if row and not -LIMIT <= min(row) <= max(row) <= LIMIT:
            raise UsageError(f"a field of context {dict(context)} comes to more than {LIMIT:g} once scaled: mend its range")
        numbers = tuple(row)
        self._last[:] = context, numbers
        return numbers

    def arm(self, name: str) -> tuple[float, ...]:
        """A 1 and the arm's features in the order of their names; or those that are crossed, then the others."""
        row = self._arms.get(name)
        if row is None:
            close = nearest(name, self._arms)
            hint = f"; did you mean {close!r}?" if close else ""
            raise UsageError(f"the workflow's encoding does not say what features arm {name!r} has{hint}")
        return row

    def row(self, context: Fields, name: str) -> list[float]:
        """The features of a model that arms share."""
        numbers, features, width = self.context(context), self.arm(name), len(self.of_arms[0])
        return [number * feature for feature in features[:width] for number in numbers] + list(features[width:])

    @cached_property
    def kept(self) -> list[Any]:
        """The arms that were last looked at, and what was made of them."""
        return []

    @cached_property
    def _last(self) -> list[Any]:
        return []

    @cached_property
    def _scales(self) -> list[tuple[str, float, float]]:
        return [(name, low, 1.0 / (high - low)) for name, (low, high) in self.numbers.items()]

    @cached_property
    def of_arms(self) -> tuple[tuple[str | None, ...], tuple[str, ...]]:
        """The arms' features that are multiplied with the context, where None is the 1, and those that are not."""
        names = sorted({name for arm in self.arms for name in arm.features})
        if self.crossed is None:
            return (None, *names), ()
        return tuple(self.crossed), tuple(name for name in names if name not in self.crossed)

    @cached_property
    def _arms(self) -> dict[str, tuple[float, ...]]:
        crossed, alone = self.of_arms
        return {
            arm.name: tuple(1.0 if name is None else _sound(name, arm.features.get(name, 0.0)) for name in (*crossed, *alone))
            for arm in self.arms
        }


PLAIN = Encoding()
"""No field is looked at: every context is alike."""


def _scaled(name: str, value: object, low: float, scale: float) -> float:
    if value is None:
        return 0.0
    if not isinstance(value, int | float):
        raise UsageError(f"context field {name!r} is declared as a number, and holds {value!r}")
    return (value - low) * scale


def _sound(name: str, value: float) -> float:
    if not -LIMIT <= value <= LIMIT:
        raise UsageError(f"feature {name!r} of an arm is {value:g}; scale it to within -{LIMIT:g}..{LIMIT:g}")
    return value
