"""Two runs laid side by side, row for row: trials, decisions, rewards, samples and verdicts, wall times aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from loopwright.store.reader import RunReader
from loopwright.store.rows import DECISION, REWARD, SAMPLE, TRIAL, VERDICT, Row, Table

RESULTS: tuple[Table[Any], ...] = (TRIAL, DECISION, REWARD, SAMPLE, VERDICT)


class Difference(NamedTuple):
    """Where two runs part. `column` is None where only one of them has the row; the other's side is None then."""

    table: str
    key: int
    column: str | None
    left: Any
    right: Any


def differences(a: RunReader, b: RunReader) -> Iterator[Difference]:
    """Nothing, for two finished runs of one spec with the same replies."""
    for table in RESULTS:
        yield from _in_table(table, a.rows(table), b.rows(table))


def _in_table(table: Table[Any], lefts: Iterator[Row], rights: Iterator[Row]) -> Iterator[Difference]:
    left, right = next(lefts, None), next(rights, None)
    while left or right:
        if right is None or (left and left[0] < right[0]):
            assert left is not None  # noqa: S101
            yield Difference(table.name, left[0], None, left, None)
            left = next(lefts, None)
        elif left is None or right[0] < left[0]:
            yield Difference(table.name, right[0], None, None, right)
            right = next(rights, None)
        else:
            yield from _in_row(table, left, right)
            left, right = next(lefts, None), next(rights, None)


def _in_row(table: Table[Any], left: Row, right: Row) -> Iterator[Difference]:
    for column, one, other in zip(table.columns, left, right, strict=True):
        if one != other and column not in table.times:
            yield Difference(table.name, left[0], column, one, other)
