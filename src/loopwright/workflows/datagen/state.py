"""What a run remembers across batches: rows accepted, of which label, how each arm fails. Only `settle` changes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from loopwright.quality.gate import Memories
from loopwright.workflows.datagen.context import Seen
from loopwright.workflows.datagen.ledger import Ledger
from loopwright.workflows.datagen.material import Shelf
from loopwright.workflows.datagen.raising import streaks
from loopwright.workflows.datagen.rewards import Mean

PATIENCE = 5
"""An arm whose rows failed for so many whole batches in a row is switched off."""
DRY = 50
"""After so many whole batches without an accepted row the run ends."""
HOPELESS = 10
"""After so many, where there was none from the start: of many arms, after two for each, and never before `DRY` rows."""
_RECENT = 50.0
"""About how many rows the share of rejects looks back over."""


class State:
    def __init__(self, memories: Memories, batch_size: int, labels: int = 0) -> None:
        self.memories = memories
        self.shelf = Shelf(labels)
        self.ledger = Ledger()
        self.labels: Counter[str] = Counter()
        self.accepted = 0
        self.off: dict[str, int] = {}
        """The arms that were switched off, and after which batch."""
        self.quality = Mean()
        self.dry = 0
        """Rows written since one was accepted."""
        self.rejected: Counter[str] = Counter()
        """Rows by the validator that rejected them."""
        self.reasons: dict[str, str] = {}
        """The last reason that each validator gave."""
        self._raising: dict[str, int] = {}
        self._batch_size = batch_size
        self._failed: Counter[str] = Counter()
        self._rejects = 0.0

    def seen(self) -> Seen:
        material, account = self.shelf.material(self.memories.view()), self.ledger.account()
        if account.judged is not None:
            material = material._replace(mistakes=account.judged.mistakes)
        return Seen(self.accepted, dict(self.labels), self._rejects, material, frozenset(self.off), account, self._raising)

    def accept(self, label: str | None) -> None:
        self.accepted += 1
        self.dry = 0
        if label is not None:
            self.labels[label] += 1

    def reject(self, validator: str, reason: str) -> None:
        self.rejected[validator] += 1
        self.reasons[validator] = reason

    def hear(self, said_by: Iterable[str], raised: Mapping[str, int]) -> None:
        """Which validators looked at rows of a batch, a name for each ruling, and at how many each of them raised."""
        self._raising = {**self._raising, **streaks(self._raising, said_by, raised)}

    def note(self, rows: int, passed: int) -> None:
        """How many rows of a batch passed all validators, whether there was a place for them or not."""
        keep = (1.0 - 1.0 / _RECENT) ** rows
        self._rejects = keep * self._rejects + (1.0 - keep) * (1.0 - passed / rows)

    def fails(self, arm: str, rows: int, passed: int) -> bool:
        """Whether this batch is the one too many."""
        if passed:
            self._failed[arm] = 0
            return False
        self._failed[arm] += rows
        return self._failed[arm] >= PATIENCE * self._batch_size and arm not in self.off

    def switch_off(self, arm: str, arms: int, trial: int) -> bool:
        """Never the last of so many."""
        if len(self.off) + 1 >= arms:
            return False
        self.off[arm] = trial
        return True

    def is_dry(self, batches: int) -> bool:
        """Whether so many whole batches have passed since a row was accepted."""
        return self.dry >= batches * self._batch_size
