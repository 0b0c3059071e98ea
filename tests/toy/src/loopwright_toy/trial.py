"""The toy's act and settle: several steps per trial, state across trials, late rewards, a target, a stage."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from math import log10
from typing import NamedTuple, cast

from loopwright.errors import BoundaryError
from loopwright.loop.chooser import Chooser, Range
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Item, Place, Trial
from loopwright.loop.work import Outcome, Payoff, Settlement
from loopwright.policy.encoding import Encoding
from loopwright.records import Arm, DecisionId, Fields, Json
from loopwright_toy.spec import ToySpec

SCHEMA: Fields = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}
MOODS = ("calm", "busy")


class Seen(NamedTuple):
    """What a trial may know of the others."""

    settled: int
    accepted: int


@dataclass
class Collected:
    """The numbers so far, and the decisions that will be rewarded later."""

    numbers: set[int] = field(default_factory=set)
    settled: int = 0
    owed: deque[tuple[DecisionId, bool]] = field(default_factory=deque)

    def seen(self) -> Seen:
        return Seen(self.settled, len(self.numbers))


class Toy:
    """The workflow at work on one spec."""

    rewards = Range(0, 2)

    def __init__(self, spec: ToySpec) -> None:
        self.spec = spec
        self.arms = [Arm(name, {"below": below}, {"size": log10(below)}) for name, below in spec.arms.items()]
        self.offset = 0
        self.encoding = Encoding({"load": (0, 50)}, {"mood": MOODS}, self.arms) if spec.rewards == "measured" else None

    def items(self) -> Iterator[Item]:
        return (Item(f"item-{number}", number) for number in range(self.spec.items))

    def begin(self) -> Collected:
        return Collected()

    async def prepare(self, stages: Stages) -> None:
        self.offset = cast(int, await stages.run("offset", {"arms": dict(self.spec.arms)}, self._offset))

    async def _offset(self, place: Place) -> Json:
        return place.rng("offset").below(1_000_000)

    async def act(self, trial: Trial, seen: Seen, chooser: Chooser) -> Outcome:
        if trial.number == self.spec.crash_at:
            raise RuntimeError("a bug in the toy")
        if self.spec.sleep_s:
            chooser.choose({}, self.arms)
            await asyncio.sleep(self.spec.sleep_s)
        samples, verdicts = [], []
        for index in range(self.spec.steps):
            context = self._context(trial, index, seen)
            pick = chooser.choose(context, self.arms)
            drawn = await self._draw(trial, cast(int, pick.arm.params["below"]))
            number = self.offset + drawn
            samples.append(trial.sample(index, {"number": number, "seen": seen.accepted}))
            verdicts.append(trial.verdict(index, "even", number % 2 == 0, (number % 10) / 10))
            if self.spec.fail_every and trial.number % self.spec.fail_every == 0:
                raise BoundaryError("toy", "this trial was made to fail")
            if self.spec.rewards != "fresh":
                won = trial.rng("won").random() < self._chance(trial.number, context, pick.arm)
                chooser.reward(pick.decision, 2.0 * won, drawn=drawn)
            elif index == 0:
                chooser.reward(pick.decision, 1.0, drawn=drawn)
        return Outcome(tuple(samples), tuple(verdicts), {"steps": self.spec.steps})

    def _context(self, trial: Trial, index: int, seen: Seen) -> Fields:
        if self.spec.rewards == "measured":
            rng = trial.rng("context", index)
            return {"load": round(50 * rng.random(), 3), "mood": MOODS[rng.below(len(MOODS))]}
        return {} if self.spec.rewards == "turning" else {"step": index, "crowded": seen.accepted > 20}

    def _chance(self, number: int, context: Fields, arm: Arm) -> float:
        """Of a reward where it comes by chance: the arm with the largest range likes a high load, and may turn bad half way."""
        large = arm.params["below"] == max(self.spec.arms.values())
        if self.spec.rewards == "turning":
            return 0.5 if not large else 0.9 if number < self.spec.items / 2 else 0.05
        load = cast(float, context["load"]) / 50
        return 0.1 + 0.6 * (load if large else 1 - load) + 0.2 * (context["mood"] == "calm")

    async def _draw(self, trial: Trial, below: int) -> int:
        if not self.spec.models:
            return trial.rng("draw").below(below)
        prompt = "Say a word." if self.spec.same_prompt else f"Item {trial.item.id}: say a word. Range {below}."
        schema = SCHEMA if self.spec.structured else None
        reply = await trial.ask(self.spec.models[0].id, prompt, schema=schema, purpose="draw")
        return int.from_bytes(blake2b(reply.text.encode(), digest_size=4).digest(), "big") % below

    def settle(self, trial: Trial, outcome: Outcome, state: Collected) -> Settlement:
        state.settled += 1
        accepted = set()
        for sample in outcome.samples:
            number = cast(dict[str, int], sample.data)["number"]
            if number not in state.numbers:
                state.numbers.add(number)
                accepted.add(sample.index)
        verdicts = [trial.verdict(sample.index, "new", sample.index in accepted) for sample in outcome.samples]
        if outcome.samples and self.spec.rewards == "fresh":
            state.owed.append((trial.decisions[-1].id, outcome.samples[-1].index in accepted))
        payoffs = self._due(state)
        end = "target reached" if self.spec.target and len(state.numbers) >= self.spec.target else None
        return Settlement(payoffs, frozenset(accepted), tuple(verdicts), end)

    def _due(self, state: Collected) -> tuple[Payoff, ...]:
        """The rewards of decisions that were taken `late` trials ago."""
        if len(state.owed) <= self.spec.late:
            return ()
        decision, fresh = state.owed.popleft()
        return (Payoff(decision, 2.0 if fresh else 0.0, {"fresh": fresh}, self.spec.weight),)

    def missed(self, state: Collected) -> str | None:
        if len(state.numbers) < self.spec.gate:
            return f"{len(state.numbers)} numbers were accepted, {self.spec.gate} were asked for"
        return None
