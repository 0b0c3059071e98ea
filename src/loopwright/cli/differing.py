"""`runs diff` of two datasets: what came, went and changed, and what has shifted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from loopwright.cli.rows import columns, fields, short
from loopwright.cli.screen import Screen
from loopwright.loop.dataset import Entry
from loopwright.report.amounts import count
from loopwright.runs.differ import Change, DatasetDiff, Shift

SHOWN = 3
"""Rows of each sort; `--json` has them all."""

ROWS = columns("rows >A >B >removed >added >changed")
SHIFTS = columns("figure >A >B >shift")


def show_dataset_diff(found: DatasetDiff, screen: Screen) -> int:
    if screen.json:
        screen.data({"same": found.same, **fields(found)})
        return 0 if found.same else 1
    sizes = (found.left_rows, found.right_rows, len(found.removed), len(found.added), len(found.changed))
    screen.table(ROWS, [("", *map(count, sizes))])
    screen.apart(SHIFTS, _shifts(found))
    _list("only in A", map(_row, found.removed[:SHOWN]), len(found.removed), screen)
    _list("only in B", map(_row, found.added[:SHOWN]), len(found.added), screen)
    _list("changed", map(_change, found.changed[:SHOWN]), len(found.changed), screen)
    screen.result("the same rows" if found.same else "different rows")
    if found.n:
        screen.tell(f"diversity is that of {count(found.n)} texts of each, by the {found.embedder} embedder")
    return 0 if found.same else 1


def _shifts(found: DatasetDiff) -> list[Sequence[object]]:
    labels = [_shift(each._replace(name=f"share of {each.name}")) for each in found.labels]
    lengths = [_shift(each) for each in found.lengths]
    return [*labels, *lengths, *(_shift(each._replace(name=each.name.replace("_", " "))) for each in found.diversity)]


def _shift(each: Shift) -> Sequence[object]:
    sides = ["-" if side is None else f"{side:.3f}" for side in (each.left, each.right)]
    moved = "-" if each.left is None or each.right is None else f"{each.right - each.left:+.3f}"
    return (each.name, *sides, moved)


def _row(entry: Entry) -> str:
    return f"  {entry.id} {short(entry.row)}"


def _change(each: Change) -> str:
    parts = [f"{name} is {_value(each.left, name)} in A, {_value(each.right, name)} in B" for name in each.fields]
    return f"  {each.left.id}, {each.right.id} {short(each.left.text)}: {'; '.join(parts)}"


def _value(entry: Entry, name: str) -> Any:
    return short(entry.row[name]) if name in entry.row else "missing"


def _list(title: str, lines: Iterable[str], total: int, screen: Screen) -> None:
    if total:
        screen.result(f"{title}: {count(total)}")
        for line in lines:
            screen.result(line)
        if total > SHOWN:
            screen.result(f"  and {count(total - SHOWN)} more")
