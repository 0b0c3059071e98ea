"""The two verbs of the loop: `choose` an arm, `reward` a decision."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from loopwright.errors import UsageError
from loopwright.loop.trial import Trial
from loopwright.policy.encoding import Encoding
from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Policy, Situation, new
from loopwright.records import Arm, Decision, DecisionId, Fields, Json, Reward


class Range(NamedTuple):
    """The unit of a workflow's rewards; a reward outside it is an error."""

    low: float = 0.0
    high: float = 1.0

    def scale(self, value: float) -> float:
        """The value as a share of the range, 0..1."""
        if not (math.isfinite(value) and self.low <= value <= self.high):
            raise UsageError(f"a reward of {value!r} is outside the declared range {self.low}..{self.high}")
        return (value - self.low) / (self.high - self.low)


class Declared(NamedTuple):
    """What a workflow says of its rewards, and of how its contexts and arms become numbers."""

    within: Range
    encoding: Encoding | None = None


class Pick(NamedTuple):
    """What was chosen, and the id by which it can be rewarded, now or later."""

    arm: Arm
    decision: DecisionId
    probability: float | None


class Chooser:
    """Decides for one trial with the policy as of `version`, and gathers what its decisions earn."""

    __slots__ = ("_declared", "_memory", "_policy", "_trial", "rewards", "version")

    def __init__(self, trial: Trial, policy: Policy, memory: Memory, version: int, declared: Declared) -> None:
        self._trial = trial
        self._policy = policy
        self._memory = memory
        self.version = version
        self._declared = declared
        self.rewards: list[Reward] = []

    def choose(self, context: Fields, arms: Sequence[Arm]) -> Pick:
        """The next step of the trial: one of these arms, by what the policy knew when the trial was allowed to start."""
        trial = self._trial
        if not arms:
            raise UsageError("there is no arm to choose from")
        step = trial.step + 1
        rng = Keyed(trial.seed, trial.number, step, "choose")
        situation = new(Situation, (context, arms, trial.number, rng, self._declared.encoding))
        choice = self._policy.choose(situation, self._memory.as_of(self.version))
        arm, probability = choice.arm, choice.probability
        id = DecisionId(trial.number, step)
        names = tuple(each.name for each in arms)
        trial.decisions.append(Decision(id, context, names, arm.name, probability, self.version, choice.reason))
        trial.step = step
        return Pick(arm, id, probability)

    def reward(self, decision: DecisionId, value: float, /, **parts: Json) -> Reward:
        """Credits a decision of this trial or an earlier one; it is learned when this trial settles."""
        return self.credit(decision, value, parts)

    def credit(self, decision: DecisionId, value: float, parts: Mapping[str, Json], weight: float = 1.0) -> Reward:
        if not 0 < weight < math.inf:
            raise UsageError(f"a reward has a weight above 0, not {weight!r}")
        reward = Reward(decision, self._declared.within.scale(value), float(value), parts, self._trial.number, float(weight))
        self.rewards.append(reward)
        return reward
