"""What the kinds share that change another policy: they hold it, and are policies themselves, so that they compose."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, ClassVar, cast

from pydantic import Field

from loopwright.errors import Problem, SpecError
from loopwright.policy.memory import Memory, Recollection
from loopwright.policy.protocol import Choice, Judging, Lesson, Policy, Shares, Sharing, Situation
from loopwright.spec.blocks import Block, Named


class Modifier(Block):
    """Passes everything on to the inner policy; each kind changes what it has to."""

    ages: ClassVar[bool] = False
    """Whether what was learned loses weight as more is learned."""

    begins: ClassVar[bool] = False
    """Whether it only says from where learning begins, and changes nothing of how."""

    of_choices: ClassVar[frozenset[str]] = frozenset()
    """The arguments that decide how it chooses and leave no mark on what is remembered."""

    policy: Annotated[Named, Field(description="the policy that is changed")]

    @cached_property
    def inner(self) -> Policy:
        from loopwright.policy import build  # noqa: PLC0415 - the table imports this module

        return build(self.policy)

    def around(self, inner: Policy, path: str) -> None:
        """Takes the policy that was built from the spec at `path`."""
        if self.ages and any(each.ages for each in chain(inner)):
            raise SpecError([Problem(path, "ages what is learned a second time", "one of discounted and windowed")])
        vars(self)["inner"] = inner

    def seen(self, situation: Situation, memory: Recollection) -> tuple[Situation, Recollection]:
        """What the inner policy is shown of them."""
        return situation, memory

    def choose(self, situation: Situation, memory: Recollection) -> Choice:
        return self.inner.choose(*self.seen(situation, memory))

    def learn(self, lesson: Lesson, memory: Memory) -> None:
        self.inner.learn(lesson, memory)

    def surely_better(self, situation: Situation, memory: Recollection, base: int, confidence: float) -> str | None:
        """What the inner policy says, where it can judge."""
        return cast(Judging, self.inner).surely_better(*self.seen(situation, memory), base, confidence)

    def shares(self, situation: Situation, memory: Recollection, draws: int) -> Shares:
        """What the inner policy says, where it can."""
        return cast(Sharing, self.inner).shares(*self.seen(situation, memory), draws)


def chain(policy: Policy) -> Iterator[Modifier]:
    """The modifiers, from the outermost in."""
    while isinstance(policy, Modifier):
        yield policy
        policy = policy.inner


def innermost(policy: Policy) -> Policy:
    """The algorithm inside all modifiers."""
    while isinstance(policy, Modifier):
        policy = policy.inner
    return policy


class Layer(Memory):
    """The memory of the run, looked at through a modifier."""

    def __init__(self, below: Memory) -> None:
        self.below = below

    def get(self, key: str, default: Any = None) -> Any:
        return self.below.get(key, default)

    def put(self, key: str, value: Any) -> None:
        self.below.put(key, value)
