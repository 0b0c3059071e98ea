"""How long a run has worked, however often it was stopped or killed: what lay between its lives is left out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from loopwright.store.reader import RunReader, Where

_MANY = 100_000


@dataclass(slots=True)
class Lives:
    """From the beginning of each life to the last question that settled in it."""

    begun: Sequence[float]
    _ended: dict[int, float] = field(default_factory=dict)

    @classmethod
    def of(cls, reader: RunReader) -> Lives:
        kinds = (Where(kind="started"), Where(kind="resumed"))
        return cls(sorted(event.at for kind in kinds for event in reader.events(kind, limit=_MANY).rows))

    def settled(self, at: float) -> None:
        """A question has, then."""
        life = max(0, bisect_right(self.begun, at) - 1)
        self._ended[life] = max(at, self._ended.get(life, at))

    @property
    def seconds(self) -> float:
        return sum(max(0.0, end - self.begun[life]) for life, end in self._ended.items())

    @property
    def last(self) -> float:
        """When the last question settled; the beginning, where none has."""
        return max(self._ended.values(), default=self.begun[0])
