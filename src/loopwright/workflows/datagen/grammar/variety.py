"""How many different texts a grammar without slots can give, at most: its derivations, counted up to a limit.

The values that a row has one of are drawn once, so derivations are counted by which of those values they hold: whatever number
of times one occurs, it adds its choices once. Two derivations may read the same; there are never more texts than derivations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from loopwright.workflows.datagen.grammar.rules import Option, Rules, height, shortest
from loopwright.workflows.datagen.grammar.templates import Hole, Object, holes

_Ways: TypeAlias = Mapping[frozenset[str], int]
"""How many derivations there are that hold these values of the row, for each such set of them."""
_NONE: frozenset[str] = frozenset()
_MOST_SETS = 256
"""Of more sets only their union is looked at, which counts derivations too many times rather than too few."""


class Variety:
    """`shared` are the names with one value per row, in the order in which they are drawn, `given` tells how many values those
    have that the grammar does not draw. No count goes beyond `limit`."""

    def __init__(self, rules: Rules, shared: Sequence[str], depth: int, limit: int, given: Mapping[str, int]) -> None:
        self._rules = rules
        self._heights = shortest(rules).heights
        self._order = tuple(name for name in shared if name not in given)
        self._given = given
        self._known = frozenset((*shared, *given))
        self._depth = depth
        self._limit = limit
        self._counted: dict[tuple[str, int, object], _Ways] = {}

    def of(self, start: str, field: str | None) -> int:
        """The texts of that field of a row, or of all that a row holds."""
        ways = self._of_field(start, self._depth, field)
        for name in reversed(self._order):
            ways = self._drawn(name, self._of_rule(name, self._depth, self._known - {name}), ways)
        for name, number in self._given.items():
            ways = self._drawn(name, {_NONE: number}, ways)
        return ways.get(_NONE, 0)

    def _of_field(self, name: str, left: int, field: str | None) -> _Ways:
        return self._once((name, left, field), (self._part(option, left, field) for option in self._fitting(name, left)))

    def _part(self, option: Option, left: int, field: str | None) -> _Ways:
        """What that field of a row has from this alternative: a row without it is not accepted."""
        content = option.content
        if isinstance(content, Hole) and content.name not in self._known:
            return self._of_field(content.name, left - 1, field)
        if field is None or not isinstance(content, Object):
            return self._of(option.holes, left, self._known)
        part = dict(content.pairs).get(field)
        if part is None:
            return self._of(option.holes, left, self._known) if "." in field else {}
        return self._of(holes(part), left, self._known)

    def _of_rule(self, name: str, left: int, known: frozenset[str]) -> _Ways:
        return self._once((name, left, known), (self._of(option.holes, left, known) for option in self._fitting(name, left)))

    def _of(self, names: Iterable[str], left: int, known: frozenset[str]) -> _Ways:
        """Those of a content with these names in it."""
        ways: _Ways = {_NONE: 1}
        for name in names:
            ways = self._times(ways, {frozenset((name,)): 1} if name in known else self._of_rule(name, left - 1, known))
        return ways

    def _fitting(self, name: str, left: int) -> Iterator[Option]:
        return (option for option in self._rules[name] if height(option, self._heights) <= left)

    def _once(self, place: tuple[str, int, object], several: Iterable[_Ways]) -> _Ways:
        if place not in self._counted:
            self._counted[place] = self._added(several)
        return self._counted[place]

    def _drawn(self, name: str, values: _Ways, ways: _Ways) -> _Ways:
        """With the values of that name in its place."""
        without = {held: number for held, number in ways.items() if name not in held}
        instead = {held - {name}: number for held, number in ways.items() if name in held}
        return self._added((without, self._times(instead, values)))

    def _times(self, one: _Ways, other: _Ways) -> _Ways:
        return self._added({mine | theirs: n * m} for mine, n in one.items() for theirs, m in other.items())

    def _added(self, several: Iterable[_Ways]) -> _Ways:
        total: dict[frozenset[str], int] = {}
        for ways in several:
            for held, number in ways.items():
                total[held] = total.get(held, 0) + number
            if sum(total.values()) >= self._limit:
                return {_NONE: self._limit}
            if len(total) > _MOST_SETS:
                total = {frozenset().union(*total): sum(total.values())}
        return total
