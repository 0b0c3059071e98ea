"""A heat map: a value for each pair of a row and a column. Each cell holds its number, so that colour is never needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loopwright.report.frame import LETTER, TOP, WIDTH, Caption, box, chart, empty, fitted, wide, words
from loopwright.report.markup import Markup, element
from loopwright.report.scale import Scale, scale

_ROW = 40.0
_NAME = 22 * LETTER
_STRONGEST = 0.5  # of the colour, so that a number on it keeps its contrast


class Cell(NamedTuple):
    """`shown` is how the value is written, `note` stands below it, small."""

    value: float
    shown: str
    note: str = ""


def heat(
    caption: Caption,
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Sequence[Sequence[Cell | None]],
    most: float | None = None,
) -> Markup:
    """`cells` by row; None where there is nothing to say. With `most`, values are gains and losses of up to so much: they have
    colours of their own, as strong as they are far from nothing, so that maps with the same `most` can be compared."""
    known = [cell.value for row in cells for cell in row if cell is not None]
    if not known:
        return empty(caption)
    names = [fitted(row, _NAME) for row in rows]
    left = max(map(wide, names)) + 12
    across = (WIDTH - left) / len(columns)
    strength = scale(known, 0.06, _STRONGEST) if most is None else scale([0.0, most], 0.0, _STRONGEST)
    heads = [
        words(left + across * (place + 0.5), TOP + 16, fitted(column, across - 6), "middle", "small")
        for place, column in enumerate(columns)
    ]
    parts: list[Markup] = list(heads)
    for place, (name, row) in enumerate(zip(names, cells, strict=True)):
        top = TOP + 26 + _ROW * place
        parts.append(words(left - 10, top + _ROW / 2 + 4.5, name, "end"))
        parts += [
            _cell(cell, left + across * at, top, across, _look(cell, strength, most is not None)) for at, cell in enumerate(row)
        ]
    said = [
        f"{row}, {column}: {cell.shown}{f' ({cell.note})' if cell.note else ''}."
        for row, line in zip(rows, cells, strict=True)
        for column, cell in zip(columns, line, strict=True)
        if cell is not None
    ]
    return chart(caption, TOP + 32 + _ROW * len(rows), parts, said)


def _look(cell: Cell | None, strength: Scale, signed: bool) -> tuple[str, float]:
    """Its class, and how strong its colour is."""
    if cell is None:
        return "none", 1.0
    if not signed:
        return "cell", strength(cell.value)
    return ("cell" if cell.value >= 0 else "cell loss"), strength(abs(cell.value))


def _cell(cell: Cell | None, x: float, top: float, across: float, look: tuple[str, float]) -> Markup:
    middle = x + across / 2
    if cell is None:
        blank = box(x, top, across, _ROW, class_=look[0])
        return element("g", blank, words(middle, top + _ROW / 2 + 4.5, "–", "middle", "quiet"))
    below = words(middle, top + 32, fitted(cell.note, across), "middle", "small") if cell.note else None
    value = words(middle, top + (18 if cell.note else _ROW / 2 + 4.5), fitted(cell.shown, across), "middle")
    return element("g", box(x, top, across, _ROW, class_=look[0], fill_opacity=look[1]), value, below)
