"""Tells contexts apart by some of their fields alone: what a tabular policy needs where contexts hold measured numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.modifier import Modifier
from loopwright.policy.protocol import Lesson, Situation
from loopwright.records import Fields


class Apart(Modifier):
    """The policy inside sees these fields and no others. The log keeps them all."""

    by: Annotated[tuple[str, ...], Field(strict=False, min_length=1, description="the fields of the context that count")]

    def seen(self, situation: Situation, memory: Recollection) -> tuple[Situation, Recollection]:
        return situation._replace(context=self._of(situation.context)), memory

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        self.inner.learn(lesson._replace(context=self._of(lesson.context)), memory)

    def _of(self, context: Fields) -> Fields:
        return {name: context[name] for name in self.by if name in context}
