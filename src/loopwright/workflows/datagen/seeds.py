"""Reads the rows of a seed file, and says of all that cannot be used where they stand and what they lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from loopwright.datasets.files import rows as rows_of
from loopwright.datasets.lines import Row
from loopwright.errors import UsageError
from loopwright.kinds import nearest
from loopwright.workflows.datagen.spec import Seeds

MOST = 10_000
_SHOWN = 5


def read(seeds: Seeds, base: Path, needed: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Our fields of each row; where nobody says which, all of them, with those that are needed. Raises UsageError with all that
    is wrong."""
    file = (base / Path(seeds.path).expanduser()).resolve()
    try:
        found = list(islice(rows_of(file), MOST + 1))
    except UsageError as error:
        raise UsageError(f"seeds.path: {error}") from None
    if len(found) > MOST:
        raise UsageError(f"seeds.path: {file} has more than {MOST:,} rows, and so many seeds are taken at most")
    if not found:
        raise UsageError(f"seeds.path: {file} holds no row")
    mapped = _fields(found, {**{name: name for name in needed}, **seeds.fields}, file)
    return mapped if seeds.fields else [_there(row) for row in found]


def _there(row: Row) -> dict[str, Any]:
    """Without the cells that a short row lacks."""
    return {name: value for name, value in row.fields.items() if value is not None}


def _fields(rows: Sequence[Row], fields: Mapping[str, str], file: Path) -> list[dict[str, Any]]:
    wrong = []
    for place, row in rows:
        for ours, theirs in fields.items():
            if row.get(theirs) in (None, ""):
                close = nearest(theirs, row) if theirs not in row else None
                hint = f"; did you mean {close!r}?" if close else ""
                to_be = "" if ours == theirs else f", which is to be {ours!r}"
                wrong.append(f"{place.removeprefix(f'{file}, ')} has no {theirs!r}{to_be}{hint}")
    if wrong:
        more = f"\n  and {len(wrong) - _SHOWN:,} more" if len(wrong) > _SHOWN else ""
        named = ", ".join(dict.fromkeys(name for _, row in rows[:_SHOWN] for name in row))
        mend = f"\n  name the file's own fields under seeds.fields, as in {{text: message}}; it has: {named}"
        raise UsageError(f"seeds.path: {file} has rows with missing fields:\n  " + "\n  ".join(wrong[:_SHOWN]) + more + mend)
    return [{ours: row[theirs] for ours, theirs in fields.items()} for _, row in rows]
