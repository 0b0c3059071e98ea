"""Where a command's words go: results to stdout, everything else to stderr. All of it passes here, and is made harmless."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TextIO

from loopwright.cli.text import line, plain, plain_json

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; numbers stand to the right. Numbers and what is `whole` are not broken on a narrow terminal:
    `spare` ones are left out instead, those with the highest number first."""

    name: str
    right: bool = False
    whole: bool = False
    spare: int = 0

    def least(self, cells: Iterable[str]) -> int:
        """The width it cannot do without."""
        from rich.cells import cell_len

        natural = max(map(cell_len, (self.name, *cells)))
        return natural if self.right or self.whole else min(natural, _TEXT)


_TEXT = 24
_GAP = 3


class Screen:
    """The terminal, pipe or file that a command writes to. `json` asks for data instead of text, `quiet` for results only."""

    def __init__(
        self, out: TextIO, err: TextIO, environ: Mapping[str, str], *, json: bool = False, quiet: bool = False
    ) -> None:
        self.out = out
        self.err = err
        self.json = json
        self.quiet = quiet
        self._dumb = environ.get("TERM") == "dumb"

    def result(self, text: str) -> None:
        """What was asked for."""
        self._write(self.out, plain(text))

    def data(self, value: Any) -> None:
        """What was asked for, as one line of JSON."""
        self._write(self.out, plain_json(as_json(value)))

    def tell(self, text: str) -> None:
        """What is good to know."""
        if not self.quiet:
            self._write(self.err, plain(text))

    def error(self, text: str) -> None:
        """What must be known."""
        self._write(self.err, plain(text))

    def live(self) -> bool:
        """Whether stderr is a terminal that can redraw."""
        return self.err.isatty() and not self._dumb

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
        """Drawn on a terminal; aligned text anywhere else."""
        cells = [[line(str(cell)) for cell in row] for row in rows]
        if self.out.isatty() and not self._dumb:
            self._draw(columns, cells)
        else:
            self._align(columns, cells)

    def apart(self, columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
        """A table after a free line."""
        self.result("")
        self.table(columns, rows)

    def console(self, file: TextIO) -> Console:
        """The terminal as rich sees it: it interprets nothing, and obeys NO_COLOR."""
        from rich.console import Console

        return Console(file=file, markup=False, highlight=False, emoji=False, soft_wrap=False)

    def _draw(self, columns: Sequence[Column], cells: list[list[str]]) -> None:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        console = self.console(self.out)
        shown = fitting(columns, cells, console.width)
        fits = _width(columns, cells, shown) <= console.width
        table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
        for column in (columns[place] for place in shown):
            whole = fits and (column.right or column.whole)
            justify: Literal["left", "right"] = "right" if column.right else "left"
            table.add_column(Text(column.name), justify=justify, overflow="fold", no_wrap=whole)
        for row in cells:
            table.add_row(*(Text(row[place]) for place in shown))
        console.print(table)
        if left := [column.name for place, column in enumerate(columns) if place not in shown]:
            self.tell(f"there is no room for: {', '.join(left)}")

    def _align(self, columns: Sequence[Column], cells: list[list[str]]) -> None:
        from rich.cells import cell_len

        lines = [[column.name for column in columns], *cells]
        widths = [max(cell_len(row[place]) for row in lines) for place in range(len(columns))]
        for row in lines:
            padded = []
            for cell, width, column in zip(row, widths, columns, strict=True):
                gap = " " * (width - cell_len(cell))
                padded.append(gap + cell if column.right else cell + gap)
            self._write(self.out, "  ".join(padded).rstrip())

    @contextmanager
    def as_it_is(self) -> Iterator[BinaryIO]:
        """Stdout, for data that are for another program."""
        with while_read(self.out):
            yield self.out.buffer
            self.out.flush()

    def _write(self, file: TextIO, text: str) -> None:
        with while_read(file):
            file.write(text + "\n")
            file.flush()


def fitting(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """The places of the columns that are shown: all that cannot be spared, and of the others those that there is room for."""
    shown = [place for place, column in enumerate(columns) if not column.spare]
    for place in sorted(set(range(len(columns))) - set(shown), key=lambda place: columns[place].spare):
        if _width(columns, cells, [*shown, place]) <= width:
            shown.append(place)
    return sorted(shown)


def _width(columns: Sequence[Column], cells: Sequence[Sequence[str]], shown: Sequence[int]) -> int:
    return sum(columns[place].least([row[place] for row in cells]) + _GAP for place in shown)


@contextmanager
def while_read(file: TextIO) -> Iterator[None]:
    """A reader that has left, as `head` does, is no mistake: what follows goes nowhere, and the command ends as it would."""
    try:
        yield
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, file.fileno())
        os.close(nowhere)


def as_json(value: Any) -> str:
    """One line; keys in the order given, dates and tuples as JSON has them, what is not a number as null."""
    import orjson

    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def standard(environ: Mapping[str, str], *, json: bool = False, quiet: bool = False) -> Screen:
    """The process's own streams. What their encoding cannot write is escaped, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    return Screen(sys.stdout, sys.stderr, environ, json=json, quiet=quiet)
