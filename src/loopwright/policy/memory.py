"""What a policy has learned: keyed values with their recent past, so that a trial decides with the state as of its start.

A value is JSON data and is replaced, never changed in place. `version` counts the trials that have settled.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol

from loopwright.records import Json


class Recollection(Protocol):
    """What `choose` may look at."""

    def get(self, key: str, default: Any = None) -> Any: ...


class Memory:
    """Keeps for every key its value at each version that a trial in flight may still ask for: the last `lag` versions."""

    def __init__(self, lag: int = 0) -> None:
        self.version = 0
        self._lag = lag
        self._past: dict[str, list[tuple[int, Any]]] = {}

    def get(self, key: str, default: Any = None) -> Any:
        past = self._past.get(key)
        return past[-1][1] if past else default

    def put(self, key: str, value: Any) -> None:
        """Remembers `value` from the version that is being learned, `version + 1`, on."""
        version = self.version + 1
        past = self._past.get(key)
        if past is None:
            self._past[key] = [(version, value)]
            return
        if not self._lag or past[-1][0] == version:
            past[-1] = (version, value)
            return
        past.append((version, value))
        horizon = version - self._lag
        if len(past) > 1 and past[1][0] <= horizon:
            del past[: bisect_right(past, horizon, key=itemgetter(0)) - 1]

    def advance(self) -> None:
        """A trial has settled: what was put since is now part of the state."""
        self.version += 1

    def as_of(self, version: int) -> Recollection:
        """The state after `version` trials had settled."""
        return _AsOf(self._past, version)

    def state(self) -> dict[str, Json]:
        """The whole, as JSON: equal for equal histories of decisions and rewards."""
        return {key: _plain(self._past[key][-1][1]) for key in sorted(self._past)}

    def restore(self, state: Mapping[str, Any], version: int) -> None:
        self.version = version
        self._past = {key: [(version, {**value} if isinstance(value, dict) else value)] for key, value in state.items()}


class Sums(Protocol):
    """A value in the memory that keeps what it has worked out of its sums beside them."""

    def plain(self) -> Sequence[int]:
        """The sums alone, as JSON."""
        ...


def _plain(value: Any) -> Json:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return list(value)
    plain: Json = value.plain() if hasattr(value, "plain") else value
    return plain


class _AsOf:
    __slots__ = ("_past", "_version")

    def __init__(self, past: dict[str, list[tuple[int, Any]]], version: int) -> None:
        self._past = past
        self._version = version

    def get(self, key: str, default: Any = None) -> Any:
        past = self._past.get(key)
        if not past:
            return default
        if past[-1][0] <= self._version:
            return past[-1][1]
        at = bisect_right(past, self._version, key=itemgetter(0))
        return past[at - 1][1] if at else default
