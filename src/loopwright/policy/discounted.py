"""Arms age: with every reward, what was learned before loses a share of its weight, of all arms or of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from loopwright.policy.memory import Memory
from loopwright.policy.modifier import Layer, Modifier
from loopwright.policy.protocol import Lesson
from loopwright.policy.tally import Tallies


class Discounted(Modifier):
    """The policy knows about 1 / (1 - by) rewards at a time, 100 for 0.99: of a context, or of each arm in it."""

    ages: ClassVar[bool] = True

    by: Annotated[float, Field(gt=0, le=1, description="what is left of a reward's weight after one more")] = 0.99
    per: Annotated[
        Literal["context", "arm"], Field(description="what ages with a reward: all arms in its context, or its own arm alone")
    ] = "context"

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        self.inner.learn(lesson, _Fading(memory, self.by, lesson.arm if self.per == "arm" else None))


class _Fading(Layer):
    """Whoever adds to a sum finds it faded; with an `only` arm, that of others as it was."""

    def __init__(self, below: Memory, by: float, only: str | None) -> None:
        super().__init__(below)
        self._by = by
        self._only = only

    def get(self, key: str, default: Any = None) -> Any:
        found = self.below.get(key)
        return default if found is None else faded(found, self._by, self._only)


def faded(known: Mapping[str, Any], by: float, only: str | None = None) -> Mapping[str, Any]:
    """The arms' sums, with less weight. What all arms share stands under no name, and always fades."""
    if isinstance(known, Tallies):
        return Tallies.of({arm: _less(sums, by) if only in (None, arm) else sums for arm, sums in known.items()})
    return {arm: _faded(sums, by) if only in (None, arm) or not arm else sums for arm, sums in known.items()}


def _less(sums: tuple[int, int], by: float) -> tuple[int, int]:
    return round(sums[0] * by), round(sums[1] * by)


def _faded(sums: Any, by: float) -> Any:
    return sums.faded(by) if hasattr(sums, "faded") else [round(each * by) for each in sums]
