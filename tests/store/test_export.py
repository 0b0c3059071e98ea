"""Exports: the rows of a table as other programs like them, whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import ExtraMissing, UsageError
from loopwright.records import Sample, TrialRecord
from loopwright.store.columns import guarded
from loopwright.store.export import export
from loopwright.store.reader import RunReader, Where
from loopwright.store.rows import TABLES
from loopwright.store.writer import RunStore

parquet = pytest.importorskip("pyarrow.parquet")


def cells(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_every_table_can_be_exported(reader: RunReader, tmp_path: Path, table: str, form: str) -> None:
    file = tmp_path / f"{table}.{form}"
    count = export(reader, table, file)
    assert count == reader.count(TABLES[table]) == rows_in(file)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def rows_in(file: Path) -> int:
    if file.suffix == ".parquet":
        return int(parquet.read_metadata(file).num_rows)
    return len(cells(file)) if file.suffix == ".csv" else len(file.read_text().splitlines())


def test_samples_as_jsonl(reader: RunReader, tmp_path: Path) -> None:
    export(reader, "sample", tmp_path / "kept", "jsonl", Where(accepted=True))
    first = json.loads((tmp_path / "kept").read_text().splitlines()[1])
    assert first == {
        "id": "1.1",
        "trial": 1,
        "number": 1,
        "data": {"q": "what is 1?", "a": 2},
        "step": 1,
        "parents": ["0.0"],
        "accepted": True,
    }


def test_the_fields_of_samples_are_columns(reader: RunReader, tmp_path: Path) -> None:
    export(reader, "sample", tmp_path / "s.csv")
    assert cells(tmp_path / "s.csv")[3] == {
        "id": "1.1", "trial": "1", "number": "1", "data.q": "what is 1?", "data.a": "2", "step": "1", "parents": '["0.0"]',
        "accepted": "true",
    }  # fmt: skip
    export(reader, "sample", tmp_path / "s.parquet")
    table = parquet.read_table(tmp_path / "s.parquet")
    assert {name: str(table.schema.field(name).type) for name in ("data.q", "data.a", "accepted", "step", "parents")} == {
        "data.q": "string", "data.a": "int64", "accepted": "bool", "step": "int64", "parents": "string",
    }  # fmt: skip
    assert table.slice(3, 1).to_pylist()[0]["data.a"] == 2


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_fields_of_many_kinds_are_text(tmp_path: Path, form: str) -> None:
    data: list[Any] = [{"a": 1, "b": 1}, {"a": "x", "b": 2.5, "c": None}, {"a": [1], "b": -3, "=d": {"x": None}}]
    path = tmp_path / "run.sqlite"
    async with RunStore.open(path) as store:
        for number, value in enumerate(data):
            store.settle(TrialRecord(number, "", None, None, 0, 0), samples=[Sample(number, 0, value)])
    with RunReader.open(path) as reader:
        export(reader, "sample", tmp_path / "s", form)
        export(reader, "trial", tmp_path / "t", form)
    if form == "csv":
        found = [(row["data.a"], row["data.b"], row["data.=d"]) for row in cells(tmp_path / "s")]
        assert found == [("1", "1", ""), ("x", "2.5", ""), ("[1]", "-3", '{"x":null}')]
    else:
        table = parquet.read_table(tmp_path / "s")
        assert table["data.a"].to_pylist() == ["1", "x", "[1]"] and table["data.b"].to_pylist() == [1.0, 2.5, -3.0]


async def test_data_that_is_not_always_an_object_stays_one_column(tmp_path: Path) -> None:
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        samples = [Sample(0, 0, {"a": 1}), Sample(0, 1, "-1+1"), Sample(0, 2, None), Sample(0, 3, -5)]
        store.settle(TrialRecord(0, "=item", None, None, 0, 0), samples=samples)
    with RunReader.open(tmp_path / "run.sqlite") as reader:
        export(reader, "sample", tmp_path / "s.csv")
        export(reader, "trial", tmp_path / "t.csv")
    assert [row["data"] for row in cells(tmp_path / "s.csv")] == ['{"a":1}', "'-1+1", "", "-5"]
    assert cells(tmp_path / "t.csv")[0]["item"] == "'=item"


@given(st.lists(st.text(alphabet=st.sampled_from('=+-@\t\r\n0123456789.eE,;"| abc\x00')), min_size=1))
def test_no_cell_starts_a_formula(texts: list[str]) -> None:
    sheet = io.StringIO()
    csv.writer(sheet).writerow(guarded(text) for text in texts)
    (row,) = csv.reader(io.StringIO(sheet.getvalue(), newline=""))
    for text, cell in zip(texts, row, strict=True):
        assert cell.removeprefix("'") == text.removeprefix("'")
        if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and cell:
            float(cell)


def test_what_cannot_be_exported_is_said(reader: RunReader, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="jsonl, csv, parquet"):
        export(reader, "sample", tmp_path / "samples.xlsx")
    with pytest.raises(UsageError, match="trial, decision"):
        export(reader, "samples", tmp_path / "samples.csv")


def test_without_pyarrow_the_extra_is_named(run: Path, tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from pathlib import Path\n"
        "from loopwright.store.reader import RunReader\n"
        "from loopwright.store.export import export\n"
        f"export(RunReader.open(Path({str(run)!r})), 'sample', Path({str(tmp_path / 's.parquet')!r}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ExtraMissing.__name__ in done.stderr and "loopwright[parquet]" in done.stderr
    assert not (tmp_path / "s.parquet").exists()
