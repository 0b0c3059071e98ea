"""How asking again paid in the course of a run: gain and price by stretches of questions."""

from __future__ import annotations

from dataclasses import dataclass, field

from loopwright.records import Json
from loopwright.workflows.correction.traces import Trace

STRETCHES = 20


@dataclass(slots=True)
class Stretch:
    """Of so many questions: answers gained net, what that cost in correct answers, and reprompts."""

    questions: int = 0
    gain: int = 0
    price: float = 0.0
    asked: int = 0

    def plain(self) -> dict[str, Json]:
        return {
            "questions": self.questions,
            "gain": self.gain / self.questions if self.questions else None,
            "price": self.price / self.questions if self.questions else None,
            "reprompts": self.asked / self.questions if self.questions else None,
        }


@dataclass(slots=True)
class Curve:
    """`trials` is how many have settled: the run is cut into as many stretches of them."""

    trials: int
    stretches: list[Stretch] = field(default_factory=list)

    def add(self, trace: Trace) -> None:
        at = trace.settled.trial.number * STRETCHES // max(1, self.trials)
        while len(self.stretches) <= at:
            self.stretches.append(Stretch())
        stretch, turns = self.stretches[at], trace.turns
        stretch.questions += 1
        stretch.gain += int(turns[-1]["right"]) - int(turns[0]["right"])
        stretch.asked += len(turns) - 1
        stretch.price += sum(float(str(reward.parts.get("price", 0.0))) for reward in trace.rewards.values())
