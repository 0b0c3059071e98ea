"""A policy taken through a log again: at each decision it knows what had settled by then, as it did when it was taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from loopwright.policy.evaluation.log import Log, Logged, LoggedTrial
from loopwright.policy.evaluation.odds import Asked
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Policy
from loopwright.records import Decision


class Replay:
    """A policy that learns along the log, until it is `held`. `purpose` keeps its random numbers apart."""

    def __init__(self, policy: Policy, log: Log, purpose: str) -> None:
        self._policy = policy
        self._log = log
        self._purpose = purpose
        self._memory = Memory(log.lag)
        self.held = False

    def at(self, decision: Decision) -> Asked:
        memory = self._memory if self.held else self._memory.as_of(decision.version)
        place = (self._log.seed, decision.id.trial, decision.id.step, self._purpose)
        return Asked(self._policy, memory, lambda rng: self._log.situate(decision, rng), place)

    def learn(self, trial: LoggedTrial) -> None:
        if self.held:
            return
        for lesson in trial.lessons:
            self._policy.learn(lesson, self._memory)
        self._memory.advance()


def computed(log: Log, policy: Policy, draws: int) -> Log:
    """The log with every null probability worked out anew, by the policy that gathered it."""
    return replace(log, trials=_computed(log, Replay(policy, log, "replay"), draws))


def _computed(log: Log, replay: Replay, draws: int) -> Iterator[LoggedTrial]:
    for trial in log.trials:
        yield trial._replace(decisions=[_stated(each, replay, draws) for each in trial.decisions])
        replay.learn(trial)


def _stated(logged: Logged, replay: Replay, draws: int) -> Logged:
    decision, value, _ = logged
    if decision.probability is not None:
        return logged
    rarity = replay.at(decision).rarity(decision.arm, draws)
    return Logged(replace(decision, probability=1 / rarity.value), value, "computed" if rarity.sure else "rough")
