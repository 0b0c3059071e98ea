"""Which state a trial starts from: arithmetic on trial numbers, so that speed decides nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """`size` trials act at once; the policy is looked at in blocks of `block` settled trials."""

    size: int
    block: int = 1

    def version(self, trial: int) -> int:
        """How many trials the policy has learned from when this trial decides."""
        settled = max(0, trial - self.size + 1)
        return settled - settled % self.block

    @property
    def lag(self) -> int:
        """How far behind the newest version a trial in flight may look."""
        return self.size + self.block - 2
