"""Reads the rows of a seed file, and says of all that cannot be used where they stand and what they lack."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import orjson

from loopwright.errors import UsageError
from loopwright.kinds import nearest
from loopwright.llm.quoting import quote
from loopwright.workflows.datagen.spec import Seeds

MOST = 10_000
_SHOWN = 5


def read(seeds: Seeds, base: Path, needed: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Our fields of each row; where nobody says which, all of them, with those that are needed. Raises UsageError with all that
    is wrong."""
    file = (base / Path(seeds.path).expanduser()).resolve()
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"seeds.path: {file} cannot be read: {reason}") from None
    rows = list(_rows(text, file))
    if len(rows) > MOST:
        raise UsageError(f"seeds.path: {file} has {len(rows):,} rows; {MOST:,} seeds at most")
    if not rows:
        raise UsageError(f"seeds.path: {file} holds no row")
    found = _fields(rows, seeds.fields or {name: name for name in needed}, file)
    return found if seeds.fields else [dict(row) for _, row in rows]


def _rows(text: str, file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each row with the number of its line, or of its place."""
    if file.suffix == ".csv":
        reader = csv.DictReader(StringIO(text, newline=""), delimiter=_delimiter(text.partition("\n")[0]))
        for row in reader:
            yield reader.line_num, {name: value for name, value in row.items() if name is not None and value is not None}
    elif file.suffix == ".jsonl":
        for line, said in enumerate(text.splitlines(), 1):
            if said.strip():
                yield line, _object(said, file, line)
    elif file.suffix == ".json":
        listed = _loaded(text, file, 1)
        if not isinstance(listed, list):
            raise UsageError(f"seeds.path: {file} is no list of objects")
        for place, row in enumerate(listed, 1):
            if not isinstance(row, dict):
                raise UsageError(f"seeds.path: entry {place} of {file} is no object")
            yield place, row
    else:
        raise UsageError(f"seeds.path: {file} is none that is read here: .csv, .jsonl or .json")


def _delimiter(names: str) -> str:
    """What stands between the names of the columns: spreadsheets write semicolons where numbers have commas."""
    return "," if "," in names else max(",;\t", key=names.count)


def _object(said: str, file: Path, line: int) -> Mapping[str, Any]:
    row = _loaded(said, file, line)
    if not isinstance(row, dict):
        raise UsageError(f"seeds.path: line {line} of {file} is no JSON object")
    return row


def _loaded(said: str, file: Path, line: int) -> Any:
    try:
        return orjson.loads(said)
    except ValueError as error:
        raise UsageError(f"seeds.path: {file}, from line {line}: {quote(str(error), limit=120)}") from None


def _fields(rows: list[tuple[int, Mapping[str, Any]]], fields: Mapping[str, str], file: Path) -> list[dict[str, Any]]:
    wrong = []
    for line, row in rows:
        for ours, theirs in fields.items():
            if row.get(theirs) in (None, ""):
                close = nearest(theirs, row) if theirs not in row else None
                hint = f"; did you mean {close!r}?" if close else ""
                to_be = "" if ours == theirs else f", which is to be {ours!r}"
                wrong.append(f"line {line} has no {theirs!r}{to_be}{hint}")
    if wrong:
        more = f"\n  and {len(wrong) - _SHOWN:,} more" if len(wrong) > _SHOWN else ""
        named = ", ".join(dict.fromkeys(name for _, row in rows[:_SHOWN] for name in row))
        mend = f"\n  name the file's own fields under seeds.fields, as in {{text: message}}; it has: {named}"
        raise UsageError(f"seeds.path: {file} has rows with missing fields:\n  " + "\n  ".join(wrong[:_SHOWN]) + more + mend)
    return [{ours: row[theirs] for ours, theirs in fields.items()} for _, row in rows]
