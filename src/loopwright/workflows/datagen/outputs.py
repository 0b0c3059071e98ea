"""The dataset as files, derived from the run's store at any time: accepted rows with where they come from, rejects beside."""

from __future__ import annotations

import csv
from collections.abc import Callable, Container, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple, cast

import orjson

from loopwright.errors import UsageError
from loopwright.loop.work import Ended
from loopwright.quality.row import Row
from loopwright.store.columns import guarded, text
from loopwright.store.export import parquet, replaced
from loopwright.store.reader import RunReader
from loopwright.workflows.datagen.reading import Column, Record, columns, records, rows, samples, version
from loopwright.workflows.datagen.recipe import Recipe

_BESIDE = ("scores", "lineage", "usage")
"""What is known of a row beside its data."""
_WHOLE = {"jsonl", "parquet"}
"""The formats that hold it."""


class _Run(NamedTuple):
    """Where rows are read from, and where files are written to."""

    reader: RunReader
    ended: Ended
    folder: Path


def write(ended: Ended) -> list[Path]:
    """Replaces the files of the recipe's formats, the rejects and the card; what settled so far is in them."""
    recipe = cast(Recipe, ended.spec)
    folder = ended.folder if recipe.output.path is None else (ended.base / recipe.output.path).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"output.path: the folder {folder} cannot be made: {error.strerror}; the rows are safe in the run"
        ) from None
    with RunReader.open(ended.store) as reader:
        run = _Run(reader, ended, folder)
        formats = dict.fromkeys(recipe.output.formats)
        files = [_WRITERS[name](run) for name in formats]
        if formats and not _WHOLE & formats.keys():
            files.append(_lineage(run))
        return [*files, _rejects(run), _card(run)]


def _jsonl(run: _Run) -> Path:
    return _lines(run.folder / "dataset.jsonl", records(run.reader, run.ended, accepted=True))


def _rejects(run: _Run) -> Path:
    return _lines(run.folder / "rejects.jsonl", records(run.reader, run.ended, accepted=False))


def _lineage(run: _Run) -> Path:
    """What is known of the rows beside their data, a line each, in the order of the other files."""
    return _lines(run.folder / "dataset.lineage.jsonl", records(run.reader, run.ended, accepted=True), ("id", *_BESIDE))


def _lines(file: Path, found: Iterator[Record], names: Container[str] | None = None) -> Path:
    """All fields, or those that are named."""
    with replaced(file) as out:
        for row in found:
            fields = {name: value for name, value in row.fields.items() if names is None or name in names}
            out.write(orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE))
    return file


def _csv(run: _Run) -> Path:
    """The id of each row and the fields of its data."""
    file, names = run.folder / "dataset.csv", [column.name for column in _columns(run)]
    with replaced(file) as out:
        lines = TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
        sheet = csv.writer(lines)
        sheet.writerow([_free("id", names), *map(guarded, names)])
        for id, row in rows(run.reader):
            sheet.writerow([id, *(_cell(row.get(name)) for name in names)])
        lines.detach()
    return file


def _cell(value: Any) -> str | int | float | None:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return guarded(text(value))


def _text(run: _Run) -> Path:
    """One row a line; line breaks within become spaces."""
    file, name = run.folder / "dataset.txt", cast(Recipe, run.ended.spec).brief.text_field
    with replaced(file) as out:
        for _, row in rows(run.reader):
            out.write(" ".join((Row(row).text(name) or "").split()).encode() + b"\n")
    return file


def _parquet(run: _Run) -> Path:
    """The fields of the rows, with what else is known of each as JSON."""
    file, shape = run.folder / "dataset.parquet", _columns(run)
    taken = {column.name for column in shape}
    id, *beside = [_free(name, taken) for name in ("id", *_BESIDE)]
    found = (record.fields for record in records(run.reader, run.ended, accepted=True))
    lines = (
        [row["id"], *(column.cell(row["data"]) for column in shape), *(orjson.dumps(row[name]).decode() for name in _BESIDE)]
        for row in found
    )
    parquet(file, [(id, "text"), *shape, *((name, "text") for name in beside)], lines)
    return file


def _free(name: str, taken: Container[str]) -> str:
    """The name of a column of ours; a field of the rows keeps its own."""
    while name in taken:
        name = f"{name}_"
    return name


def _columns(run: _Run) -> list[Column]:
    return columns(row for _, row in rows(run.reader))


_WRITERS: dict[str, Callable[[_Run], Path]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "text": _text,
    "parquet": _parquet,
}


def _card(run: _Run) -> Path:
    """What the dataset is: its version, its size, the shares of its labels beside those that were wanted."""
    brief = cast(Recipe, run.ended.spec).brief
    labels: dict[str, int] = {}
    count = 0
    for sample in samples(run.reader):
        count += 1
        data: Any = sample.data
        label = Row(data["row"], data["lineage"].get("facts", {})).claim(brief.recipe.task.label) or ""
        labels[label] = labels.get(label, 0) + 1
    shares = {
        label: {"rows": labels.get(label, 0), "share": labels.get(label, 0) / count if count else 0.0, "wanted": wanted}
        for label, wanted in brief.quotas.shares.items()
    }
    card = {
        "version": version(row for _, row in rows(run.reader)),
        "rows": count,
        "target": brief.quotas.target,
        "labels": shares,
        "recipe": run.ended.digest,
        "run": run.ended.folder.name,
    }
    file = run.folder / "about.json"
    with replaced(file) as out:
        out.write(orjson.dumps(card, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return file
