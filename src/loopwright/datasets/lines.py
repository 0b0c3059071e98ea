"""Reads rows one after the other from JSON lines, a JSON array or CSV, never more in memory than one needs; each row
knows its place in the file."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import orjson

from loopwright.errors import UsageError
from loopwright.llm.quoting import quote

_PIECE = 1 << 18
_LONGEST = 1 << 26
"""Characters of one entry of an array, at most: beyond that the file is not what it was taken for."""


class Row(NamedTuple):
    place: str
    fields: Mapping[str, Any]


def json_rows(file: Path) -> Iterator[Row]:
    """The objects of a file of JSON lines, or of one JSON array."""
    with _opened(file) as text:
        first = text.read(1)
        while first.isspace():
            first = text.read(1)
        if first == "[":
            yield from _entries(file, text)
            return
        text.seek(0)
        for line, said in enumerate(text, 1):
            if said.strip("\ufeff \t\r\n"):
                yield _row(f"{file}, line {line}", said.strip("\ufeff \t\r\n"))


def csv_rows(file: Path) -> Iterator[Row]:
    """The rows of a CSV file whose first row names the columns, with commas, semicolons or tabs between them."""
    with _opened(file) as text:
        delimiter = _delimiter(text.readline())
        text.seek(0)
        reader = csv.DictReader(text, delimiter=delimiter, strict=True)
        columns = reader.fieldnames or ()
        twice = next((name for name, count in Counter(columns).items() if name and count > 1), None)
        if twice is not None:
            raise UsageError(f"{file}, line 1: names the column {twice!r} twice")
        while True:
            place = f"{file}, line {reader.reader.line_num + 1}"
            try:
                row = next(reader, None)
            except csv.Error as error:
                quotes = "" if "limit" in str(error) else "; text in quotes ends with one, and a quote in it stands there twice"
                raise UsageError(f"{place}: {error}{quotes}") from None
            if row is None:
                return
            if None in row:
                more = f"more cells than the {len(columns)} columns that line 1 names"
                raise UsageError(f"{place}: {more}; text with a {delimiter!r} in it stands in quotes")
            yield Row(place, row)


def _delimiter(names: str) -> str:
    """What stands between the names of the columns: spreadsheets write semicolons where numbers have commas."""
    return "," if "," in names else max(",;\t", key=names.count)


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    """Blames the file for what cannot be read."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            yield text
    except UnicodeDecodeError:
        raise UsageError(f'{file} cannot be read: it is not UTF-8; save it as such ("CSV UTF-8")') from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None


def _row(place: str, said: str) -> Row:
    try:
        found = orjson.loads(said)
    except ValueError as error:
        raise UsageError(f"{place}: {quote(str(error), limit=120)}") from None
    return _object(place, found)


def _object(place: str, found: Any) -> Row:
    if not isinstance(found, dict):
        raise UsageError(f"{place}: is no JSON object")
    return Row(place, found)


def _entries(file: Path, text: TextIO) -> Iterator[Row]:
    """The entries of an array, whose bracket has been read. The text held is what has been read and not used."""
    held, line, number, read = "", 1, 1, JSONDecoder().raw_decode
    while True:
        rest = held.lstrip(" \t\r\n,")
        line += held[: len(held) - len(rest)].count("\n")
        if rest.startswith("]"):
            return
        place = f"{file}, entry {number}, from line {line}"
        try:
            found, end = read(rest)
        except JSONDecodeError as error:
            more = text.read(max(_PIECE, len(rest)))
            if not more or len(rest) > _LONGEST:
                raise UsageError(f"{place}: {error.msg if more else 'the file ends within the array'}") from None
            held = rest + more
            continue
        yield _object(place, found)
        line += rest.count("\n", 0, end)
        number += 1
        held = rest[end:]
