"""Arms age: only the last rewards count. What leaves the window is taken back exactly, as if it had never been learned."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from loopwright.policy.memory import Memory
from loopwright.policy.modifier import Modifier
from loopwright.policy.protocol import Lesson

PLACE = "#window"
"""How many lessons there were; the last of them stand in `#window:0`, `#window:1` and so on, each replaced in its turn."""


class Windowed(Modifier):
    """The window counts over all contexts."""

    ages: ClassVar[bool] = True

    last: Annotated[int, Field(ge=1, le=1_000_000, description="how many rewards count")] = 500

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        seen: int = memory.get(PLACE, 0)
        place = f"{PLACE}:{seen % self.last}"
        left = memory.get(place)
        if left is not None:
            context, arm, value, probability, parts, weight = left
            self.inner.learn(Lesson(context, arm, value, probability, parts, lesson.encoding, -weight), memory)
        self.inner.learn(lesson, memory)
        memory.put(place, [lesson.context, lesson.arm, lesson.value, lesson.probability, dict(lesson.parts), lesson.weight])
        memory.put(PLACE, seen + 1)
