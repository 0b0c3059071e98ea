"""The one adaptive loop: trials act concurrently and settle in order.

Trial `s` starts when trial `s - window` has settled and sees the state as of exactly then, so the result does not depend on
speed. The end is a place in the order: whatever ends the run, what has settled is the first `n` trials of the unlimited run.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, TypeAlias

from loopwright.dispatch.local import Local
from loopwright.errors import BudgetReached, Interrupted, LoopwrightError
from loopwright.llm.models import Models
from loopwright.loop.acting import Acted, Acting
from loopwright.loop.chooser import Chooser, Declared
from loopwright.loop.progress import Progress
from loopwright.loop.replay import check_item, check_settlement
from loopwright.loop.trial import Item, Trial
from loopwright.loop.window import Window
from loopwright.loop.work import ARM_OFF, Outcome, S, Settlement, Work
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson, Policy, new
from loopwright.records import Decision, DecisionId, Reward, TrialRecord
from loopwright.store.history import SettledTrial
from loopwright.store.writer import RunStore

Status: TypeAlias = Literal["done", "budget", "interrupted", "stopped", "crashed"]


class End(NamedTuple):
    """Why a run ended after the trials that settled; `error` is what ended it, where something did."""

    status: Status
    reason: str
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """What the loop needs to know of the spec."""

    seed: int
    window: Window
    trial_deadline_s: float | None = None
    drain_s: float = 10.0


class Adaptation(Generic[S]):
    """One life of a run: takes up where the store says an earlier one stopped, and goes on to an `End`."""

    def __init__(self, work: Work[S], policy: Policy, store: RunStore, models: Models, setting: Setting) -> None:
        self._work = work
        self._declared = Declared(work.rewards, getattr(work, "encoding", None))
        self._policy = policy
        self._store = store
        self._models = models
        self._setting = setting
        self.memory = Memory(setting.window.lag)
        self.progress = Progress()
        self.state = work.begin()
        self.progress.figures = getattr(self.state, "figures", dict)
        self._items = iter(work.items())
        self._seen: dict[int, Any] = dict.fromkeys(range(setting.window.size), self.state.seen())
        self._settled = 0
        self._started = 0
        self._acting = Acting(work, store, setting.trial_deadline_s)
        self._dispatch: Local[Acted] = Local(self._ended)
        self._acted: dict[int, Acted | BaseException] = {}
        self._turn = asyncio.Event()
        self._end: End | None = None
        self._closing: Interrupted | None = None
        self._failing = False
        self.running = False

    async def run(self) -> End:
        """Acts and settles until the items, the workflow, a budget, a stop or an error ends it."""
        self.running = True
        await self._recall()
        try:
            self._admit()
            while self._end is None and (self._settled in self._dispatch or self._settled in self._acted):
                await self._turn.wait()
                self._turn.clear()
                await self._settle_ready()
        finally:
            self._dispatch.drop()
            await self._dispatch.idle()
        if self._end is not None:
            return self._end
        if self._closing is not None and (self._settled < self._started or next(self._items, None) is not None):
            return End("interrupted", str(self._closing), self._closing)
        return End("done", "all items are settled")

    def interrupt(self, reason: str) -> None:
        """Starts no further trial; those that act may finish until the drain deadline, then they are dropped."""
        if self._closing is None:
            self._closing = Interrupted(reason)
            asyncio.get_running_loop().call_later(self._setting.drain_s, self._dispatch.drop)
        else:
            self._dispatch.drop()
        self._turn.set()

    # starting

    def _admit(self) -> None:
        while self._started < self._settled + self._setting.window.size and self._may_start():
            item = next(self._items, None)
            if item is None:
                return
            self._start(self._started, item)
            self._started += 1
            self.progress.in_flight = len(self._dispatch)

    def _may_start(self) -> bool:
        return self._closing is None and self._end is None and not self._failing

    def _start(self, number: int, item: Item) -> None:
        scope = self._models.at(number)
        trial = Trial(number, item, self._setting.seed, scope)
        version = self._setting.window.version(number)
        chooser = Chooser(trial, self._policy, self.memory, version, self._declared)
        self._dispatch.start(number, self._acting.run(trial, self._seen.pop(number), chooser, scope))

    def _ended(self, number: int, acted: Acted | BaseException) -> None:
        if not isinstance(acted, asyncio.CancelledError):
            self._acted[number] = acted
            if isinstance(acted, BaseException):
                self._failing = True
                self._dispatch.drop(after=number)
        if number == self._settled or isinstance(acted, BaseException):
            self._turn.set()

    # settling

    async def _settle_ready(self) -> None:
        while self._end is None and (acted := self._acted.pop(self._settled, None)) is not None:
            if isinstance(acted, BaseException):
                self._end = end_by(acted)
                return
            self._settle(acted)
            self._admit()
            await self._store.room()

    def _settle(self, acted: Acted) -> None:
        trial, chooser, outcome, started = acted
        try:
            settlement = self._work.settle(trial, outcome, self.state)
            for payoff in settlement.payoffs:
                chooser.credit(*payoff)
            self._learn(trial, chooser.rewards)
        except Exception as error:
            self._end = end_by(error)
            return
        record = TrialRecord(trial.number, trial.item.id, outcome.failure, outcome.data, started, time.time())
        samples = [replace(sample, accepted=sample.index in settlement.accepted) for sample in outcome.samples]
        verdicts = [*outcome.verdicts, *(replace(verdict, late=True) for verdict in settlement.verdicts)]
        self._store.settle(record, trial.decisions, chooser.rewards, samples, verdicts)
        for happening in settlement.events:
            self._store.event(happening.kind, happening.detail)
        self.progress.note(record, trial.decisions, samples)
        self._advance(settlement)

    def _learn(self, trial: Trial, rewards: Sequence[Reward]) -> None:
        for reward in rewards:
            decision = self._decision(trial, reward.decision)
            context, arm, probability = decision.context, decision.arm, decision.probability
            lesson = new(
                Lesson, (context, arm, reward.value, probability, reward.parts, self._declared.encoding, reward.weight)
            )
            self._policy.learn(lesson, self.memory)
            self.progress.earn(decision.arm, reward)

    def _decision(self, trial: Trial, id: DecisionId) -> Decision:
        if id.trial == trial.number:
            return trial.decisions[id.step]
        found = self._store.decision(id)
        if found is None:
            raise LookupError(f"trial {trial.number} rewards decision {id}, which was never taken")
        return found

    def _advance(self, settlement: Settlement) -> None:
        self.memory.advance()
        for happening in settlement.events:
            if happening.warning is not None:
                self.progress.warn(happening.warning)
            if happening.kind == ARM_OFF:
                self.progress.switch_off(str(happening.detail["arm"]), str(happening.detail["reason"]))
        self._seen[self._settled + self._setting.window.size] = self.state.seen()
        self._settled += 1
        self.progress.in_flight = len(self._dispatch)
        if settlement.end is not None:
            self._end = End("done", settlement.end)

    # resuming

    async def _recall(self) -> None:
        """Settles the stored trials again, in order: rebuilds the workflow's state and the policy's memory."""
        for settled in self._store.history():
            self._settle_again(settled)
            if self._settled % 1000 == 0:
                await asyncio.sleep(0)
                if self._closing is not None:
                    break
        self._started = self.progress.resumed_at = self._settled
        self.progress.accepted_before = self.progress.accepted

    def _settle_again(self, settled: SettledTrial) -> None:
        item = check_item(settled, next(self._items, None))
        trial = Trial(settled.trial.number, item, self._setting.seed)
        trial.decisions = list(settled.decisions)
        trial.step = len(trial.decisions) - 1
        verdicts = tuple(verdict for verdict in settled.verdicts if not verdict.late)
        outcome = Outcome(tuple(settled.samples), verdicts, settled.trial.data, settled.trial.failure)
        settlement = self._work.settle(trial, outcome, self.state)
        check_settlement(settled, settlement)
        self._learn(trial, settled.rewards)
        samples = [replace(sample, accepted=sample.index in settlement.accepted) for sample in outcome.samples]
        self.progress.note(settled.trial, trial.decisions, samples)
        del self._seen[self._settled]
        self._advance(settlement)


def end_by(error: BaseException) -> End:
    """The end that an error is. Of what is not ours only name and place are kept: nobody vouches for its text."""
    if isinstance(error, BudgetReached):
        return End("budget", str(error), error)
    if isinstance(error, Interrupted):
        return End("interrupted", str(error), error)
    if isinstance(error, LoopwrightError):
        return End("stopped", str(error), error)
    places = [f" at {Path(frame.f_code.co_filename).name}:{line}" for frame, line in traceback.walk_tb(error.__traceback__)]
    return End("crashed", type(error).__name__ + "".join(places[-1:]), error)
