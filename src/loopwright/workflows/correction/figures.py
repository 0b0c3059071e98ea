"""Whether asking again helped: accuracy turn by turn, answers fixed and broken, what a net fix cost. Kept as sums, so that a
run of any length is read in one pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loopwright.llm.prices import NANO
from loopwright.measure.intervals import of_changes, wilson
from loopwright.workflows.correction.curve import Curve
from loopwright.workflows.correction.predictions import Predictions
from loopwright.workflows.correction.traces import Trace


@dataclass(slots=True)
class Rates:
    """How often answers were asked about again that were wrong or right before, and what became of them."""

    wrong: int = 0
    fixed: int = 0
    right: int = 0
    broken: int = 0
    tokens: int = 0
    nano_usd: int = 0
    unpriced: int = 0

    def add(self, delta: int, was_right: bool, after: Mapping[str, Any]) -> None:
        self.right += was_right
        self.wrong += not was_right
        self.fixed += delta > 0
        self.broken += delta < 0
        self.tokens += after["tokens"]["reprompt"] + after["tokens"]["completion"]
        self.nano_usd += after.get("nano_usd") or 0
        self.unpriced += after.get("nano_usd") is None

    @property
    def usd(self) -> float | None:
        """What was billed, the history included; None where a price is not known."""
        return None if self.unpriced else self.nano_usd / NANO

    def plain(self) -> dict[str, Any]:
        return {
            "asked": self.wrong + self.right,
            "wrong_before": self.wrong,
            "fixed": self.fixed,
            "fix_rate": _share(self.fixed, self.wrong),
            "right_before": self.right,
            "broken": self.broken,
            "break_rate": _share(self.broken, self.right),
            "tokens": self.tokens,
            "usd": self.usd,
        }


@dataclass(slots=True)
class Figures:
    """Over the questions whose reference answer is known and that did not fail; those of which it is not are counted."""

    most: int
    curve: Curve
    unknown: int = 0
    judged: int = 0
    questions: int = 0
    first_right: int = 0
    final_right: int = 0
    gained: int = 0
    lost: int = 0
    price: float = 0.0
    by_turn: list[list[int]] = field(default_factory=list)
    """For each turn: questions that came so far, and questions that would be right if all had stopped there."""
    predictions: Predictions = field(default_factory=Predictions)
    overall: Rates = field(default_factory=Rates)
    by: dict[str, defaultdict[str, Rates]] = field(
        default_factory=lambda: {name: defaultdict(Rates) for name in ("prompt", "style", "mode", "cell")}
    )

    def add(self, trace: Trace, styles: Mapping[str, str]) -> None:
        turns = trace.turns
        if trace.settled.trial.failure is not None or not turns:
            return
        if turns[0]["by"] != "reference":
            self.unknown += 1
            self.judged += turns[0]["by"] == "judge"
            return
        self.questions += 1
        self.first_right += turns[0]["right"]
        self.final_right += turns[-1]["right"]
        change = int(turns[-1]["right"]) - int(turns[0]["right"])
        self.gained += change > 0
        self.lost += change < 0
        self._count_turns(turns)
        self.curve.add(trace)
        for turn in turns:
            self.predictions.add(turn)
        for decision, before, after in zip(trace.decisions, turns, turns[1:], strict=False):
            reward = trace.rewards.get(decision.id)
            self.price += float(str(reward.parts.get("price", 0.0))) if reward else 0.0
            groups = {"prompt": decision.arm, "style": styles.get(decision.arm, ""), "mode": before["error_mode"]}
            groups["cell"] = str(decision.context["cell"])
            for rates in (self.overall, *(self.by[name][group] for name, group in groups.items())):
                rates.add(after["delta"], before["right"], after)

    def _count_turns(self, turns: list[dict[str, Any]]) -> None:
        while len(self.by_turn) < self.most + 1:
            self.by_turn.append([0, 0])
        for turn, counts in enumerate(self.by_turn):
            counts[0] += turn < len(turns)
            counts[1] += turns[min(turn, len(turns) - 1)]["right"]

    def plain(self) -> dict[str, Any]:
        net = self.gained - self.lost
        return {
            "questions": self.questions,
            "without_reference": self.unknown,
            "judged": self.judged,
            "first_accuracy": _share(self.first_right, self.questions),
            "final_accuracy": _share(self.final_right, self.questions),
            "net_gain": self._net_gain(),
            "questions_gained": self.gained,
            "questions_lost": self.lost,
            "mean_utility": (self.final_right - self.price) / self.questions if self.questions else None,
            "mean_price": self.price / self.questions if self.questions else None,
            "tokens_per_net_fix": self.overall.tokens / net if net > 0 else None,
            "usd_per_net_fix": self.overall.usd / net if net > 0 and self.overall.usd is not None else None,
            "accuracy_by_turn": [
                {"turn": turn, "reached": reached, "accuracy": _share(right, self.questions)}
                for turn, (reached, right) in enumerate(self.by_turn)
            ],
            "learning_curve": [stretch.plain() for stretch in self.curve.stretches],
            "predictions": self.predictions.plain(),
            "reprompts": self.overall.plain(),
            **{f"by_{name}": {key: rates.plain() for key, rates in sorted(group.items())} for name, group in self.by.items()},
        }

    def _net_gain(self) -> dict[str, float] | None:
        if not self.questions:
            return None
        held = of_changes(self.questions, self.gained, self.lost)
        return {"mean": (self.gained - self.lost) / self.questions, "low": held.low, "high": held.high}


def _share(part: int, whole: int) -> dict[str, float] | None:
    """With Wilson's interval of 95 %."""
    if not whole:
        return None
    low, high = wilson(part, whole)
    return {"mean": part / whole, "low": low, "high": high, "n": whole}
