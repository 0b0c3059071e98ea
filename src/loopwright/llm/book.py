"""Where the calling loop writes down what it did: the seam between `llm` and the store.

The run store is one `Book`; `MemoryBook` serves models used without a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol, TypeAlias

from loopwright.errors import CallError
from loopwright.llm.messages import Reply
from loopwright.records import Call, Fields

Outcome: TypeAlias = Reply | CallError


class ReplyKey(NamedTuple):
    """What identifies a reply inside a run. `ordinal` counts equal requests within the step."""

    trial: int
    step: int
    ordinal: int
    model: str
    digest: bytes


class Kept(NamedTuple):
    """An outcome as stored. `call` is the settled call it stands for; `sample` numbers it in the shared cache."""

    outcome: Outcome
    call: int | None
    sample: int = 0


class Book(Protocol):
    """The plain methods return at once; what they write is durable within 200 ms, in order."""

    async def room(self) -> None:
        """Waits while so much is not yet durable that memory would grow."""
        ...

    def recall(self, key: ReplyKey) -> Kept | None:
        """The stored outcome of a call that an earlier life of this run has paid for."""
        ...

    def keep(self, key: ReplyKey, kept: Kept, ended: Call | None = None) -> None:
        """Keeps an outcome and writes down the call that it ended: a kill leaves both or neither."""
        ...

    def next_call(self) -> int:
        """A call id that no earlier call of this run has."""
        ...

    def enter(self, call: Call) -> None:
        """Writes a call down, or anew: when it goes out (`open`), and when it has failed. `keep` takes an answered one."""
        ...

    def event(self, kind: str, detail: Fields) -> None: ...

    def credits(self) -> Mapping[str, int]:
        """Amounts granted so far, by account, as earlier lives of this run left them."""
        ...

    async def grant(self, credits: Mapping[str, int]) -> None:
        """Sets the granted amounts of these accounts; durable when it returns."""
        ...


class MemoryBook:
    """A book that lasts as long as the process."""

    def __init__(self) -> None:
        self.calls: dict[int, Call] = {}
        self.events: list[tuple[str, Fields]] = []
        self._replies: dict[ReplyKey, Kept] = {}
        self._granted: dict[str, int] = {}
        self._next = 0

    async def room(self) -> None:
        """There always is."""

    def recall(self, key: ReplyKey) -> Kept | None:
        return self._replies.get(key)

    def keep(self, key: ReplyKey, kept: Kept, ended: Call | None = None) -> None:
        self._replies[key] = kept
        if ended is not None:
            self.enter(ended)

    def next_call(self) -> int:
        self._next += 1
        return self._next

    def enter(self, call: Call) -> None:
        self.calls[call.id] = call

    def event(self, kind: str, detail: Fields) -> None:
        self.events.append((kind, detail))

    def credits(self) -> Mapping[str, int]:
        return self._granted

    async def grant(self, credits: Mapping[str, int]) -> None:
        self._granted.update(credits)
