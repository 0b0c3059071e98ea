"""Two runs' results side by side: the same, or where they part."""

from __future__ import annotations

from typing import Any, NamedTuple

from loopwright.runs.folder import RunFolder
from loopwright.store.compare import RESULTS, Difference, differences
from loopwright.store.reader import RunReader
from loopwright.store.rows import SPAN, TRIAL


class Parting(NamedTuple):
    """One difference. `row` is the trial, or the trial and the row's place in it; the side that lacks the row is None."""

    table: str
    row: str
    column: str | None
    left: Any
    right: Any


class TableDiff(NamedTuple):
    """How one table differs. `rows` counts the rows that do, `first` shows where it begins."""

    table: str
    left_rows: int
    right_rows: int
    rows: int
    first: tuple[Parting, ...]


def compare(left: RunFolder, right: RunFolder, show: int = 5) -> list[TableDiff]:
    """Every table of results, times aside; `show` differences of each are kept."""
    with RunReader.open(left.store) as a, RunReader.open(right.store) as b:
        first: dict[str, list[Parting]] = {table.name: [] for table in RESULTS}
        rows = dict.fromkeys(first, 0)
        last: tuple[str, int] | None = None
        for difference in differences(a, b):
            if (place := (difference.table, difference.key)) != last:
                rows[difference.table] += 1
                last = place
            if len(first[difference.table]) < show:
                first[difference.table].append(_parting(difference))
        return [
            TableDiff(table.name, a.count(table), b.count(table), rows[table.name], tuple(first[table.name]))
            for table in RESULTS
        ]


def _parting(difference: Difference) -> Parting:
    table, key, column, left, right = difference
    trial, place = divmod(key, SPAN)
    return Parting(table, str(key) if table == TRIAL.name else f"{trial}.{place}", column, left, right)
