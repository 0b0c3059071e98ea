"""Begins with what an earlier run learned: a state that was exported, read again and checked."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, JsonValue

from loopwright.errors import UsageError
from loopwright.kinds import nearest
from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.modifier import Layer, Modifier
from loopwright.policy.protocol import Lesson, Situation
from loopwright.policy.state import State, parse, read, require_same
from loopwright.records import Arm


class WarmStart(Modifier):
    """The state must be of the same policy with the same arguments, as `require_same` has it.
    It counts as learned before the first decision. A run reads a file when it starts, and takes the state from its own store
    from then on."""

    begins: ClassVar[bool] = True

    state: Annotated[str | dict[str, JsonValue], Field(description="a state file, or what stands in it")]
    unknown: Annotated[
        Literal["error", "ignore"], Field(description="what to do about arms of the state that are not offered")
    ] = "error"

    def seen(self, situation: Situation, memory: Recollection) -> tuple[Situation, Recollection]:
        self.check(situation.arms)
        return situation, _Started(memory, self.start.memory)

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        self.inner.learn(lesson, _Starting(memory, self.start.memory))

    @cached_property
    def start(self) -> State:
        given = self.state
        found = read(Path(given)) if isinstance(given, str) else parse(deepcopy(given), "policy.warm_start.state")
        require_same(found, self.policy)
        return found

    def take(self, state: State) -> None:
        """Takes what the file was found to hold: it is not read any more."""
        require_same(state, self.policy)
        vars(self)["start"] = state

    def check(self, arms: Sequence[Arm]) -> None:
        """Arms that are not offered are a mistake, unless it was said that they are none."""
        if self.unknown == "ignore":
            return
        names = [arm.name for arm in arms]
        for name in self.start.arms:
            if name not in names:
                close = nearest(name, names)
                raise UsageError(
                    f"the state of policy.warm_start knows an arm {name!r} that is not offered; there are {', '.join(names)}"
                    + (f"; did you mean {close!r}?" if close else "")
                    + "; `unknown: ignore` starts without it"
                )


class _Started:
    """What is remembered, and where nothing is, what the state says."""

    __slots__ = ("_memory", "_start")

    def __init__(self, memory: Recollection, start: dict[str, Any]) -> None:
        self._memory = memory
        self._start = start

    def get(self, key: str, default: Any = None) -> Any:
        found = self._memory.get(key)
        return self._start.get(key, default) if found is None else found


class _Starting(Layer):
    def __init__(self, below: Memory, start: dict[str, Any]) -> None:
        super().__init__(below)
        self._start = start

    def get(self, key: str, default: Any = None) -> Any:
        found = self.below.get(key)
        return self._start.get(key, default) if found is None else found
