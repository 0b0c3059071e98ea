"""What the linear policies share: features in, expectation and uncertainty of every arm out. numpy comes when they decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import import_module
from math import sqrt
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeAlias

from pydantic import Field

from loopwright.errors import UsageError
from loopwright.policy.encoding import PLAIN, Encoding
from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.protocol import Lesson, Situation
from loopwright.policy.reasons import others
from loopwright.records import Arm, Fields
from loopwright.spec.blocks import Block

if TYPE_CHECKING:
    from loopwright.policy.ridge import Floats, Models, Outlook, Ridge

PLACE = "#linear"
"""Where the memory holds the sums, by arm; those that all arms share stand under no name."""

DIGITS = 9
"""Of what arms draw by one model: those that are alike draw alike, and what rounding makes of them decides nothing."""

_NOTHING: dict[str, Any] = {}

RidgeField: TypeAlias = Annotated[float, Field(gt=0, description="how strongly coefficients are held near 0")]
SharedField: TypeAlias = Annotated[bool, Field(description="one model over the arms' features instead of one per arm")]


class View(NamedTuple):
    """The features, a row of them or one for each arm; the models; and by arm what it should earn, and the variance of that."""

    rows: Sequence[Sequence[float]]
    solved: Floats
    worth: list[float]
    variance: list[float]


class Linear(Block):
    """The reward of an arm is taken to be a linear function of the context, of a kind for each arm; `shared` makes it one
    function of context, arm features and their products, so that arms learn from each other."""

    if TYPE_CHECKING:  # each policy declares them behind its own first field, which its short form names
        ridge: float
        shared: bool

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        context, arm, value, _, _, encoding, weight = lesson
        if not 0.0 <= value <= 1.0:
            raise UsageError(f"a policy learns from rewards within 0..1, and arm {arm!r} was given {value!r}")
        row = self._row(context, arm, encoding)
        owner, size = "" if self.shared else arm, len(row)
        known = self.maths.models(memory.get(PLACE, _NOTHING), size)
        memory.put(PLACE, known.having(owner, self.maths.recall(known.get(owner), size).having(row, value, weight, self.ridge)))

    def rows(self, situation: Situation) -> Sequence[Sequence[float]]:
        """The features of the situation: one row where each arm has a model of its own, else a row for each arm."""
        context, arms, _, _, encoding = situation
        declared = _declared(encoding, context)
        if not self.shared:
            return [declared.context(context)]
        rows: Sequence[Sequence[float]] = self.maths.rows(declared, context, arms)
        return rows

    def solved(self, situation: Situation, memory: Recollection, size: int) -> Floats:
        """The models of the arms, one above the other, or the one that they share."""
        if self.shared:
            return self.common(memory, size).solved(self.ridge)
        return self._recalled(memory, size).stacked(situation.arms, size, self.ridge)

    def common(self, memory: Recollection, size: int) -> Ridge:
        """The model that all arms share."""
        known = self._recalled(memory, size)
        if "" not in known:
            known[""] = self.maths.recall(None, size)
        return known[""]

    def _recalled(self, memory: Recollection, size: int) -> Models:
        """What stands in the memory as it was read from JSON, or nothing, is worked out once and not at every decision."""
        found = memory.get(PLACE, _NOTHING)
        if not self._read or self._read[0] is not found or self._read[1] != size:
            self._read[:] = [found, size, self.maths.models(found, size)]
        models: Models = self._read[2]
        return models

    @cached_property
    def _read(self) -> list[Any]:
        return []

    def view(self, situation: Situation, memory: Recollection) -> View:
        """What is known of the arms in this situation. The last one is kept, since a decision may ask for it more than once."""
        looked_at = (situation.context, situation.arms, situation.encoding, memory.get(PLACE, _NOTHING))
        if not self._last or any(was is not now for was, now in zip(self._last[0], looked_at, strict=True)):
            rows = self.rows(situation)
            solved = self.solved(situation, memory, len(rows[0]))
            self._last[:] = looked_at, View(rows, solved, *self.outlook(rows, solved))
        found: View = self._last[1]
        return found

    @cached_property
    def _last(self) -> list[Any]:
        return []

    def surely_better(self, situation: Situation, memory: Recollection, base: int, confidence: float) -> str | None:
        arms, (_, _, worth, variance) = situation.arms, self.view(situation, memory)
        width = self.doubt(confidence)
        bounds = [mean - width * sqrt(each) for mean, each in zip(worth, variance, strict=True)]
        at = max((at for at in range(len(arms)) if at != base), key=bounds.__getitem__, default=base)
        return arms[at].name if at != base and bounds[at] > worth[base] else None

    def doubt(self, confidence: float) -> float:
        """How many times the root of an arm's variance is left off for a lower bound."""
        raise NotImplementedError

    def outlook(self, rows: Sequence[Sequence[float]], solved: Floats) -> Outlook:
        found: Outlook = self.maths.together(rows, solved) if self.shared else self.maths.apart(rows[0], solved)
        return found

    def fits(self, known: Mapping[str, Any], encoding: Encoding | None) -> bool:
        """Whether sums that were read from JSON are of as many features as there are now."""
        declared = encoding or PLAIN
        crossed, alone = declared.of_arms
        width = len(declared.context({}))
        size = len(crossed) * width + len(alone) if self.shared else width
        return all(len(sums) == 1 + size + size * (size + 1) // 2 for sums in known.get(PLACE, {}).values())

    @cached_property
    def maths(self) -> Any:
        return import_module("loopwright.policy.ridge")

    def _row(self, context: Fields, arm: str, encoding: Encoding | None) -> Sequence[float]:
        declared = _declared(encoding, context)
        return declared.row(context, arm) if self.shared else declared.context(context)


def _declared(encoding: Encoding | None, context: Fields) -> Encoding:
    if encoding is None and context:
        raise UsageError(
            "this workflow does not declare how its contexts become numbers, which a linear policy needs; "
            "choose one that keeps contexts apart, such as thompson"
        )
    return encoding or PLAIN


def reason(what: str, scores: Sequence[float], worth: Sequence[float], arms: Sequence[Arm], at: int) -> str:
    return f"{what} {scores[at]:.3f} (expected {worth[at]:.3f}); {others(arms, scores, at)}"
