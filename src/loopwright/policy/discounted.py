"""Arms age: with every reward that is learned in a context, all that was learned there before loses a share of its weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from loopwright.policy.memory import Memory
from loopwright.policy.modifier import Layer, Modifier
from loopwright.policy.protocol import Lesson
from loopwright.policy.tally import Tallies


class Discounted(Modifier):
    """The policy knows about 1 / (1 - by) rewards at a time: 100 for 0.99."""

    ages: ClassVar[bool] = True

    by: Annotated[float, Field(gt=0, le=1, description="what is left of a reward's weight after one more")] = 0.99

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        self.inner.learn(lesson, _Fading(memory, self.by))


class _Fading(Layer):
    """Whoever adds to a sum finds it faded."""

    def __init__(self, below: Memory, by: float) -> None:
        super().__init__(below)
        self._by = by

    def get(self, key: str, default: Any = None) -> Any:
        found = self.below.get(key)
        return default if found is None else faded(found, self._by)


def faded(known: Mapping[str, Any], by: float) -> Mapping[str, Any]:
    """Every arm's sums, with less weight."""
    if isinstance(known, Tallies):
        return Tallies.of({arm: (round(times * by), round(total * by)) for arm, (times, total) in known.items()})
    return {arm: _faded(sums, by) for arm, sums in known.items()}


def _faded(sums: Any, by: float) -> Any:
    return sums.faded(by) if hasattr(sums, "faded") else [round(each * by) for each in sums]
