"""What a run has come to so far, counted as trials settle, for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from loopwright.records import Decision, Reward, Sample, TrialRecord


@dataclass(slots=True)
class ArmProgress:
    """One arm's record: how often it was taken and what it earned, scaled to 0..1 and (`raw`) in the workflow's unit."""

    pulls: int = 0
    rewards: int = 0
    total: float = 0.0
    raw: float = 0.0
    weight: float = 0.0
    off: str | None = None
    """Why it is offered no more."""

    @property
    def mean(self) -> float | None:
        return self.total / self.weight if self.rewards else None

    @property
    def mean_raw(self) -> float | None:
        return self.raw / self.weight if self.rewards else None


@dataclass(slots=True)
class Progress:
    """Counters of one run, those of its earlier lives included."""

    expected: int | None = None
    wanted: int | None = None
    """How many accepted samples end the run, where they do."""
    settled: int = 0
    failed: int = 0
    in_flight: int = 0
    samples: int = 0
    accepted: int = 0
    resumed_at: int = 0
    accepted_before: int = 0
    """Samples that earlier lives accepted."""
    arms: dict[str, ArmProgress] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    figures: Callable[[], Mapping[str, float | None]] = dict
    """What the workflow has to say of the run so far, by name; None is not known yet."""

    def note(self, trial: TrialRecord, decisions: Iterable[Decision], samples: Iterable[Sample]) -> None:
        """A trial has settled."""
        self.settled += 1
        self.failed += trial.failure is not None
        for decision in decisions:
            self._arm(decision.arm).pulls += 1
        for sample in samples:
            self.samples += 1
            self.accepted += bool(sample.accepted)

    def earn(self, arm: str, reward: Reward) -> None:
        """An arm has earned a reward."""
        progress = self._arm(arm)
        progress.rewards += 1
        progress.total += reward.weight * reward.value
        progress.raw += reward.weight * reward.raw
        progress.weight += reward.weight

    def warn(self, warning: str) -> None:
        """Whoever started the run is to know this, once."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    def switch_off(self, arm: str, reason: str) -> None:
        """An arm is offered no more."""
        self._arm(arm).off = reason

    def _arm(self, name: str) -> ArmProgress:
        found = self.arms.get(name)
        if found is None:
            found = self.arms[name] = ArmProgress()
        return found
