"""The tables are what the docs say they are: outside programs go by them."""

from __future__ import annotations

import re
from pathlib import Path

from loopwright.store.reader import RunReader
from loopwright.store.rows import REPLY, TABLES

PAGE = Path(__file__).parents[2] / "docs" / "store.md"


def test_every_column_of_every_table_is_documented_in_its_order(reader: RunReader) -> None:
    documented = {
        section.split("\n", 1)[0]: re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        for section in re.split(r"^###? ", PAGE.read_text(), flags=re.MULTILINE)
    }
    tables = [name for (name,) in reader.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
    stored = {name: [row[1] for row in reader.query(f"PRAGMA table_info({name})")] for name in tables}
    assert stored == {name: documented.get(name) for name in tables}


def test_the_code_knows_every_column_of_the_tables_it_reads(reader: RunReader) -> None:
    for table in (*TABLES.values(), REPLY):
        assert [row[1] for row in reader.query(f"PRAGMA table_info({table.name})")] == list(table.columns)
