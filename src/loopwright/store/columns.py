"""The columns of an exported table: a JSON object becomes one column per field, where it has fields that can be named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import orjson

from loopwright.store.reader import RunReader, Where
from loopwright.store.rows import Row, Table
from loopwright.store.values import from_json

Kind: TypeAlias = Literal["bool", "int", "float", "text", "texts"]
"""`texts` is a list of them."""

Record: TypeAlias = dict[str, Any]

_MOST_FIELDS = 200
_KINDS: dict[str, Kind] = {"INTEGER": "int", "REAL": "float", "TEXT": "text"}
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """`field` is the one of the JSON object in `source` that it shows. What is of more than one kind is shown as text."""

    name: str
    kind: Kind
    source: str
    field: str | None = None

    def value(self, record: Record) -> Any:
        value = record[self.source]
        if self.field is None:
            return value
        return value.get(self.field) if isinstance(value, Mapping) else None

    def typed(self, record: Record) -> Any:
        value = self.value(record)
        if value is None:
            return None
        if self.kind == "text":
            return text(value)
        return float(value) if self.kind == "float" else value


def record(table: Table[Any], row: Row) -> Record:
    """A row as plain data: JSON read, truth values true or false, and a sample's id in the place of its key."""
    read = {name: _plain(table, name, value) for name, value in zip(table.columns, row, strict=True)}
    if "key" not in read:
        return read
    del read["key"]
    return {"id": f"{read['trial']}.{read['number']}", **read} if table.name == "sample" else read


def _plain(table: Table[Any], name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in table.json:
        return from_json(value)
    return bool(value) if name in table.truth else value


def columns(reader: RunReader, table: Table[Any], where: Where, last: int) -> list[Column]:
    """Found by reading the rows once, up to the last key, so that rows which come meanwhile bring no new column."""
    found = {name: _Fields() for name in table.json}
    if found:
        for row in reader.rows(table, where, last):
            for name, value in zip(table.columns, row, strict=True):
                if name in found:
                    found[name].see(from_json(value))
    types = {name: _KINDS[type] for _, name, type, *_ in reader.query(f"PRAGMA table_info({table.name})")}
    shape = [Column("id", "text", "id")] if table.name == "sample" else []
    for name in table.columns:
        if name in found and found[name].named:
            shape += [Column(f"{name}.{field}", kind, name, field) for field, kind in found[name].kinds.items()]
        elif name != "key":
            shape.append(Column(name, "bool" if name in table.truth else types[name], name))
    return shape


class _Fields:
    """The fields that the objects in one JSON column have, as long as they are objects and the fields not too many."""

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = {}
        self.named = True

    def see(self, value: Any) -> None:
        if value is None or not self.named:
            return
        if not isinstance(value, dict) or len(value) > _MOST_FIELDS or len(self.kinds) > _MOST_FIELDS:
            self.named = False
            return
        for field, content in value.items():
            if content is not None:
                kind = kind_of(content)
                self.kinds[field] = joined(self.kinds.get(field, kind), kind)
            else:
                self.kinds.setdefault(field, "text")


def kind_of(value: Any) -> Kind:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if -(2**63) <= value < 2**63 else "text"
    return "float" if isinstance(value, float) else "text"


def joined(one: Kind, other: Kind) -> Kind:
    """What holds values of both."""
    if one == other:
        return one
    return "float" if {one, other} == {"int", "float"} else "text"


def text(value: Any) -> str:
    """A string as it is, anything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def guarded(cell: str) -> str:
    """A cell that a spreadsheet takes for text: what would start a formula gets a quote before it, unless it is a number."""
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell
