"""One pass of the loop as a workflow sees it: its item, its random numbers, its calls and what it produces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from loopwright.llm.messages import Message, Reply, Request, chat
from loopwright.llm.threads import Asker
from loopwright.policy.keyed import Keyed
from loopwright.records import Decision, Fields, Json, Sample, Verdict


class Item(NamedTuple):
    """What one trial works on; `id` is what the store and the user call it."""

    id: str
    content: Any = None


class Place:
    """Somewhere calls are made from: a trial, or (with a negative number) a stage."""

    __slots__ = ("_asker", "number", "seed", "step")

    def __init__(self, number: int, seed: int, asker: Asker | None) -> None:
        self.number = number
        self.seed = seed
        self.step = -1
        """The last decision taken; -1 before the first."""
        self._asker = asker

    async def ask(
        self,
        model: str,
        prompt: str | Sequence[Message] | Request,
        *,
        schema: Fields | None = None,
        purpose: str = "",
        step: int | None = None,
    ) -> Reply:
        """One answer. Raises a `CallError` once everything that could be retried has been.

        Equal prompts in parallel branches: give each its own `step`, or a resumed trial may hand them each other's answers.
        """
        if self._asker is None:
            raise RuntimeError("a settled trial makes no calls")
        request = prompt if isinstance(prompt, Request) else Request(chat(prompt), schema=schema, purpose=purpose)
        return await self._asker.ask(model, request, self.step if step is None else step)

    def rng(self, purpose: str, step: int | None = None) -> Keyed:
        """A stream of its own for this purpose, the same in every life of the run."""
        return Keyed(self.seed, self.number, self.step if step is None else step, purpose)


class Trial(Place):
    """What `act` and `settle` are given."""

    __slots__ = ("decisions", "item")

    def __init__(self, number: int, item: Item, seed: int, asker: Asker | None = None) -> None:
        super().__init__(number, seed, asker)
        self.item = item
        self.decisions: list[Decision] = []

    def sample(self, index: int, data: Json, parents: tuple[str, ...] = ()) -> Sample:
        """An output of this trial, credited to its last decision."""
        return Sample(self.number, index, data, self.step if self.step >= 0 else None, parents)

    def verdict(self, sample: int, validator: str, passed: bool, score: float | None = None, *, reason: str = "") -> Verdict:
        """What a validator says of the trial's sample of that index."""
        return Verdict(self.number, sample, validator, passed, score, reason or None)
