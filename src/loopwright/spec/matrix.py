"""Expands a matrix into its cells: a product of axes less `exclude` plus `include`, or a list of cells as they are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from loopwright.errors import Problem, SpecError
from loopwright.kinds import nearest
from loopwright.spec.digest import canonical_json
from loopwright.spec.paths import Path, show
from loopwright.spec.scalars import Scalar

Cell: TypeAlias = dict[str, Scalar]

MAX_CELLS = 10_000

_Hole: TypeAlias = Mapping[str, frozenset[bytes]]


def expand(
    given: Any, available: Mapping[str, Sequence[str]], *, plain: Sequence[str] = ("seed",), place: str = "matrix"
) -> tuple[Cell, ...]:
    """The cells that a matrix means, in the order of its axes, each once.

    `available` has the ids of each axis that names blocks of the spec (`model`, `strategy`); a matrix takes globs of them.
    `plain` are axes of values as they are, which may be left out.
    """
    return _Axes(available, plain, place).cells(given)


def plural(axis: str) -> str:
    return f"{axis[:-1]}ies" if axis.endswith("y") else f"{axis}s"


class _Axes:
    def __init__(self, available: Mapping[str, Sequence[str]], plain: Sequence[str], place: str) -> None:
        self._available = available
        self._names = [*available, *plain]
        self._root: Path = (place,)
        self._problems: list[Problem] = []

    def cells(self, given: Any) -> tuple[Cell, ...]:
        found: list[Cell] = []
        if isinstance(given, list):
            found = self._listed(given, self._root, {})
        elif isinstance(given, dict):
            found = self._product(given)
        else:
            self._note(self._root, "is neither a list of cells nor axes with their values", "models: [...], or a list")
        if not found and not self._problems:
            self._note(self._root, "has no cells", "at least one")
        if self._problems:
            raise SpecError(self._problems)
        return _once(found)

    def _product(self, given: dict[str, Any]) -> list[Cell]:
        axes = self._axes(given)
        extra = self._listed(given.get("include", []), (*self._root, "include"), axes)
        holes = self._holes(given.get("exclude", []))
        count = math.prod(map(len, axes.values())) if axes else 0
        if count + len(extra) > MAX_CELLS:
            self._note(self._root, f"has {count + len(extra):,} cells", f"at most {MAX_CELLS:,}")
        if self._problems:
            return []
        grid = (dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())) if axes else ()
        return [*(cell for cell in grid if not any(_matches(cell, hole) for hole in holes)), *extra]

    def _axes(self, given: dict[str, Any]) -> dict[str, list[Scalar]]:
        keys = {plural(name): name for name in self._names}
        for key in given:
            if key not in keys and key not in ("include", "exclude"):
                self._unknown((*self._root, key), key, [*keys, "include", "exclude"])
        if not given.keys() & keys.keys():
            return {}
        for name in self._available:
            if plural(name) not in given:
                self._note((*self._root, plural(name)), "is missing", f'ids, globs, or "*" for every {name}')
        named = [(key, name) for key, name in keys.items() if key in given]
        return {name: self._values(name, given[key], (*self._root, key)) for key, name in named}

    def _values(self, name: str, given: Any, path: Path) -> list[Scalar]:
        entries = [(given, path)] if isinstance(given, str) else None
        if isinstance(given, list):
            entries = [(entry, (*path, at)) for at, entry in enumerate(given)]
        if entries is None:
            self._note(path, "is not a list", 'a list of values, or "*"')
            return []
        if not entries:
            self._note(path, "is empty", "at least one value")
        values = [value for entry, where in entries for value in self._resolved(name, entry, where)]
        return [cell[name] for cell in _once({name: value} for value in values)]

    def _resolved(self, name: str, entry: Any, path: Path) -> list[Scalar]:
        """The values that one entry of an axis stands for."""
        if name not in self._available:
            if isinstance(entry, dict | list):
                self._note(path, "is not a plain value", "a number, text, true or false")
                return []
            return [entry]
        ids = self._available[name]
        if not isinstance(entry, str):
            self._note(path, f"is not the id of a {name}", "an id or a glob of ids, in quotes")
            return []
        matching: list[Scalar] = [id for id in ids if fnmatchcase(id, entry)]
        if not matching:
            expected = f"one of {', '.join(ids)}" if ids else f"a spec that has any {name}"
            self._note(path, f"matches no {name}", expected, nearest(entry, ids))
        return matching

    def _listed(self, given: Any, path: Path, axes: Mapping[str, list[Scalar]]) -> list[Cell]:
        """Cells written out. A plain axis that a cell leaves open takes every value that the axes give it."""
        found: list[Cell] = []
        for entry, where in self._entries(given, path):
            self._check_cell(entry, where)
            left_open = {name: values for name, values in axes.items() if name not in entry and name not in self._available}
            for values in itertools.product(*left_open.values()):
                if len(found) >= MAX_CELLS:
                    self._note(path, "has too many cells", f"at most {MAX_CELLS:,}")
                    return found
                cell = {**entry, **dict(zip(left_open, values, strict=True))}
                found.append({name: cell[name] for name in self._names if name in cell})
        return found

    def _check_cell(self, entry: dict[str, Any], where: Path) -> None:
        for name in self._names:
            path = (*where, name)
            if name not in self._available:
                self._resolved(name, entry.get(name), path)
            elif name not in entry:
                self._note(path, "is missing", f"the id of a {name}")
            elif entry[name] not in self._available[name]:
                self._unknown(path, entry[name], self._available[name])

    def _holes(self, given: Any) -> list[_Hole]:
        """Partial cells, each axis with the values it leaves out."""
        return [
            {name: frozenset(map(canonical_json, self._resolved(name, entry[name], (*path, name)))) for name in entry}
            for entry, path in self._entries(given, (*self._root, "exclude"))
        ]

    def _entries(self, given: Any, path: Path) -> list[tuple[dict[str, Any], Path]]:
        if not isinstance(given, list):
            self._note(path, "is not a list", "a list of cells, as in [{model: small}]")
            return []
        entries = []
        for at, entry in enumerate(given):
            where = (*path, at)
            if not isinstance(entry, dict) or not entry:
                self._note(where, "is not a cell", f"a mapping of {', '.join(self._names)}")
                continue
            for key in entry.keys() - set(self._names):
                self._unknown((*where, key), key, self._names)
            entries.append(({key: value for key, value in entry.items() if key in self._names}, where))
        return entries

    def _unknown(self, path: Path, word: Any, known: Collection[str]) -> None:
        self._note(path, "is not known here", f"one of {', '.join(known)}", nearest(str(word), known))

    def _note(self, path: Path, message: str, expected: str | None = None, close: str | None = None) -> None:
        self._problems.append(Problem(show(path), message, expected, close))


def _matches(cell: Cell, hole: _Hole) -> bool:
    return all(name in cell and canonical_json(cell[name]) in values for name, values in hole.items())


def _once(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    once: dict[bytes, Cell] = {}
    for cell in cells:
        once.setdefault(canonical_json(cell), cell)
    return tuple(once.values())
