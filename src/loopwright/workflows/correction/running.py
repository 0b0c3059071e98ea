"""What a correction run comes to while it goes on, for whoever watches it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from loopwright.datasets.checking import CHECKER
from loopwright.errors import BoundaryDown, BoundaryError
from loopwright.loop.streak import LIMIT, streak
from loopwright.records import Failure
from loopwright.workflows.correction.figures import Rates


class Running:
    """Over the questions with a reference answer that have settled. No question sees any of it: what those may know of one
    another is what the policy has learned."""

    def __init__(self, oracle: bool = False) -> None:
        self._final_name = "oracle_accuracy" if oracle else "accuracy"
        self._questions = 0
        self._first = 0
        self._final = 0
        self._again = Rates()
        self._streak = 0

    def seen(self) -> None:
        return None

    def note(self, turns: list[dict[str, Any]]) -> None:
        """A question has settled; its answers."""
        if not turns or turns[0]["by"] != "reference":
            return
        self._questions += 1
        self._first += turns[0]["right"]
        self._final += turns[-1]["right"]
        for before, after in pairwise(turns):
            self._again.add(after["delta"], before["right"], after)

    def note_checker(self, failure: Failure | None) -> None:
        """A checker that raises fails its question; at one question after the other it is broken, and the run stops, to go on
        with the same answers once it is mended."""
        if failure is None:
            self._streak = streak(self._streak, 1, 0)
        elif failure.kind == BoundaryError.__name__ and failure.message.startswith(CHECKER):
            self._streak = streak(self._streak, 1, 1)
            if self._streak >= LIMIT:
                times = f"at least at {self._streak} questions in a row"
                raise BoundaryDown(f"{failure.message}; so it did {times}: mend it, then go on")

    def figures(self) -> dict[str, float | None]:
        """By name, None where there is nothing to go by yet. Whatever was gained net is what was fixed less what was broken."""
        again, net = self._again, self._final - self._first
        return {
            "first_accuracy": _part(self._first, self._questions),
            self._final_name: _part(self._final, self._questions),
            "fix_rate": _part(again.fixed, again.wrong),
            "break_rate": _part(again.broken, again.right),
            "tokens_per_net_fix": again.tokens / net if net > 0 else None,
        }


def _part(part: int, whole: int) -> float | None:
    return part / whole if whole else None
