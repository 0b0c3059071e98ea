"""How well error modes and confidence were predicted, where the reference tells the truth. Kept as sums."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from loopwright.records import Json

BINS = 10


class Bin(NamedTuple):
    """Answers of about one confidence: how many, the sum of their confidences, and how many were right."""

    n: int = 0
    confidence: float = 0.0
    right: int = 0


@dataclass(slots=True)
class Predictions:
    """`confusion` counts pairs of the predicted mode and the true one."""

    bins: list[Bin] = field(default_factory=lambda: [Bin()] * BINS)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    squares: float = 0.0

    def add(self, turn: dict[str, Any]) -> None:
        confidence, right = turn["confidence"], turn["right"]
        self.confusion[turn["error_mode"], turn["label"]] += 1
        at = min(BINS - 1, int(confidence * BINS))
        n, total, so_far = self.bins[at]
        self.bins[at] = Bin(n + 1, total + confidence, so_far + right)
        self.squares += (confidence - right) ** 2

    @property
    def answers(self) -> int:
        return sum(each.n for each in self.bins)

    @property
    def hits(self) -> int:
        """Of how many answers the mode was predicted rightly."""
        return sum(n for (predicted, label), n in self.confusion.items() if predicted == label)

    def plain(self) -> dict[str, Json] | None:
        """ECE of ten bins of equal width."""
        answers = self.answers
        if not answers:
            return None
        return {
            "answers": answers,
            "mode_accuracy": self.hits / answers,
            "brier": self.squares / answers,
            "ece": sum(abs(each.right - each.confidence) for each in self.bins) / answers,
        }
