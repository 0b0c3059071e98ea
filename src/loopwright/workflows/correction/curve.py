"""How asking again paid in the course of a run: gain and price by stretches of questions."""

from __future__ import annotations

from dataclasses import dataclass, field

from loopwright.measure.intervals import Interval, of_changes
from loopwright.records import Json
from loopwright.workflows.correction.traces import Trace

STRETCHES, FEWEST = 20, 25
"""At most so many stretches, and in each so many questions: the gain of fewer is hardly more than chance."""


@dataclass(slots=True)
class Stretch:
    """Of so many questions: answers gained and lost, what that cost in correct answers, and reprompts."""

    questions: int = 0
    gained: int = 0
    lost: int = 0
    price: float = 0.0
    asked: int = 0

    @property
    def gain(self) -> int:
        return self.gained - self.lost

    @property
    def held(self) -> Interval:
        """Of the gain per question, with 95 %."""
        return of_changes(self.questions, self.gained, self.lost)

    def plain(self) -> dict[str, Json]:
        return {
            "questions": self.questions,
            "gain": self.gain / self.questions if self.questions else None,
            "low": self.held.low if self.questions else None,
            "high": self.held.high if self.questions else None,
            "price": self.price / self.questions if self.questions else None,
            "reprompts": self.asked / self.questions if self.questions else None,
        }


@dataclass(slots=True)
class Curve:
    """`trials` is how many have settled: the run is cut into as many stretches of them."""

    trials: int
    stretches: list[Stretch] = field(default_factory=list)

    def add(self, trace: Trace) -> None:
        stretches = min(STRETCHES, max(1, self.trials // FEWEST))
        at = trace.settled.trial.number * stretches // max(1, self.trials)
        while len(self.stretches) <= at:
            self.stretches.append(Stretch())
        stretch, turns = self.stretches[at], trace.turns
        stretch.questions += 1
        stretch.gained += turns[-1]["right"] > turns[0]["right"]
        stretch.lost += turns[-1]["right"] < turns[0]["right"]
        stretch.asked += len(turns) - 1
        stretch.price += sum(float(str(reward.parts.get("price", 0.0))) for reward in trace.rewards.values())
