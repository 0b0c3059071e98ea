"""Things that belong together, in groups: what is joined to the same thing is joined to one another."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Groups(Generic[T]):
    """Each group is known by the member that was added to it first."""

    def __init__(self) -> None:
        self._above: dict[T, T] = {}
        self._places: dict[T, int] = {}

    def __iter__(self) -> Iterator[T]:
        """All members, in the order in which they were added."""
        return iter(self._places)

    def add(self, member: T) -> None:
        """As a group of its own, unless it is there."""
        self._above.setdefault(member, member)
        self._places.setdefault(member, len(self._places))

    def join(self, one: T, other: T) -> None:
        self.add(one)
        self.add(other)
        first, second = sorted((self.first(one), self.first(other)), key=self._places.__getitem__)
        self._above[second] = first

    def first(self, member: T) -> T:
        """The first member of its group."""
        top = member
        while self._above[top] != top:
            top = self._above[top]
        while member != top:
            self._above[member], member = top, self._above[member]
        return top
