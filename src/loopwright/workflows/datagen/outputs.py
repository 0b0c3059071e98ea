"""The dataset as files, derived from the run's store at any time: accepted rows with where they come from, rejects beside."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from hashlib import blake2b
from importlib import import_module
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import orjson

from loopwright.errors import ExtraMissing, UsageError
from loopwright.loop.work import Ended
from loopwright.quality.row import Row
from loopwright.records import Decision, Sample, Verdict
from loopwright.spec.digest import canonical_json
from loopwright.store.columns import guarded, text
from loopwright.store.export import replaced
from loopwright.store.history import SettledTrial
from loopwright.store.reader import RunReader, Where
from loopwright.store.rows import SAMPLE
from loopwright.workflows.datagen.recipe import Recipe

_ROWS_PER_GROUP = 10_000


class Record(NamedTuple):
    """A row as it is handed on, and whether it belongs to the dataset."""

    accepted: bool
    fields: dict[str, Any]


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
        files = [_WRITERS[name](run) for name in dict.fromkeys(recipe.output.formats)]
        return [*files, _rejects(run), _card(run)]


def records(reader: RunReader, ended: Ended, accepted: bool | None = None) -> Iterator[Record]:
    """All rows in the order of the run, or those that were accepted, or those that were not."""
    for trial in reader.history():
        calls: dict[str, list[int]] | None = None
        for sample in trial.samples:
            if accepted is None or (sample.index in trial.accepted) is accepted:
                if calls is None:
                    calls = _calls(reader, trial)
                yield _record(ended, trial, sample, calls)


def _calls(reader: RunReader, trial: SettledTrial) -> dict[str, list[int]]:
    """The ids of the trial's calls by what they were for."""
    found: dict[str, list[int]] = {}
    if any(cast(Any, sample.data).get("usage") for sample in trial.samples):
        for call in reader.calls(Where(trial=trial.trial.number), limit=100_000).rows:
            found.setdefault(call.purpose, []).append(call.id)
    return found


def _record(ended: Ended, trial: SettledTrial, sample: Sample, calls: dict[str, list[int]]) -> Record:
    data: Any = sample.data
    verdicts = [each for each in trial.verdicts if each.sample == sample.index]
    failed = next((each for each in verdicts if not each.passed), None)
    kept: dict[str, Any] = dict(data["lineage"])
    purposes = kept.pop("calls", [])
    lineage = {"recipe": ended.digest, "run": ended.folder.name, "iteration": sample.trial, **_decided(trial.decisions), **kept}
    if purposes:
        lineage["calls"] = [id for purpose in purposes for id in calls.get(purpose, [])]
    fields: dict[str, Any] = {"id": sample.id, "data": data["row"], "scores": _scores(verdicts)}
    if sample.index not in trial.accepted and failed is not None:
        fields |= {"rejected_by": failed.validator, "reason": failed.reason}
    return Record(sample.index in trial.accepted, {**fields, "lineage": lineage, "usage": data.get("usage", {})})


def _decided(decisions: Sequence[Decision]) -> dict[str, Any]:
    return {"arm": decisions[-1].arm, "probability": decisions[-1].probability} if decisions else {}


def _scores(verdicts: Sequence[Verdict]) -> dict[str, float]:
    return {each.validator: each.score for each in verdicts if each.score is not None}


def _jsonl(run: _Run) -> Path:
    return _lines(run.folder / "dataset.jsonl", records(run.reader, run.ended, accepted=True))


def _rejects(run: _Run) -> Path:
    return _lines(run.folder / "rejects.jsonl", records(run.reader, run.ended, accepted=False))


def _lines(file: Path, rows: Iterator[Record]) -> Path:
    with replaced(file) as out:
        for row in rows:
            out.write(orjson.dumps(row.fields, option=orjson.OPT_APPEND_NEWLINE))
    return file


def _samples(reader: RunReader) -> Iterator[Sample]:
    return map(SAMPLE.parse, reader.rows(SAMPLE, Where(accepted=True)))


def _rows(reader: RunReader) -> Iterator[tuple[str, dict[str, Any]]]:
    """The accepted rows by id, without where they come from."""
    for sample in _samples(reader):
        yield sample.id, cast(Any, sample.data)["row"]


def _columns(reader: RunReader) -> list[str]:
    return list(dict.fromkeys(name for _, row in _rows(reader) for name in row))


def _csv(run: _Run) -> Path:
    file, names = run.folder / "dataset.csv", _columns(run.reader)
    with replaced(file) as out:
        lines = TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
        sheet = csv.writer(lines)
        sheet.writerow(guarded(name) for name in names)
        for _, row in _rows(run.reader):
            sheet.writerow(_cell(row.get(name)) for name in names)
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
        for _, row in _rows(run.reader):
            out.write(" ".join((Row(row).text(name) or "").split()).encode() + b"\n")
    return file


def _parquet(run: _Run) -> Path:
    arrow, parquet = _arrow()
    names = _columns(run.reader)
    types = _types(run.reader, names)
    schema = arrow.schema([("id", arrow.string()), *((name, getattr(arrow, types[name])()) for name in names)])
    file, rows = run.folder / "dataset.parquet", _rows(run.reader)
    with ExitStack() as stack:
        out: BinaryIO = stack.enter_context(replaced(file))
        sheet = stack.enter_context(parquet.ParquetWriter(out, schema, compression="zstd"))
        while group := list(islice(rows, _ROWS_PER_GROUP)):
            cells = [[id for id, _ in group]]
            cells += [[_typed(row.get(name), types[name]) for _, row in group] for name in names]
            arrays = [arrow.array(values, kind) for values, kind in zip(cells, schema.types, strict=True)]
            sheet.write_table(arrow.Table.from_arrays(arrays, schema=schema))
    return file


def _types(reader: RunReader, names: Sequence[str]) -> dict[str, str]:
    """Of each column: what is of more than one kind, or a structure, is shown as text."""
    kinds: dict[str, set[type]] = {name: set() for name in names}
    for _, row in _rows(reader):
        for name, value in row.items():
            if value is not None:
                kinds[name].add(type(value))
    known = {frozenset({bool}): "bool_", frozenset({int}): "int64", frozenset({float}): "float64"}
    known[frozenset({int, float})] = "float64"
    return {name: known.get(frozenset(found), "string") for name, found in kinds.items()}


def _typed(value: Any, kind: str) -> Any:
    return value if value is None or kind != "string" else text(value)


def _arrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise ExtraMissing("parquet", "writing the dataset as Parquet") from None


_WRITERS: dict[str, Callable[[_Run], Path]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "text": _text,
    "parquet": _parquet,
}


def version(rows: Iterator[dict[str, Any]]) -> str:
    """What identifies a dataset: the digest of its rows, in their order."""
    digest = blake2b(digest_size=16)
    for row in rows:
        digest.update(canonical_json(row) + b"\n")
    return digest.hexdigest()


def _card(run: _Run) -> Path:
    """What the dataset is: its version, its size, the shares of its labels beside those that were wanted."""
    brief = cast(Recipe, run.ended.spec).brief
    labels: dict[str, int] = {}
    count = 0
    for sample in _samples(run.reader):
        count += 1
        data: Any = sample.data
        label = Row(data["row"], data["lineage"].get("facts", {})).claim(brief.recipe.task.label) or ""
        labels[label] = labels.get(label, 0) + 1
    shares = {
        label: {"rows": labels.get(label, 0), "share": labels.get(label, 0) / count if count else 0.0, "wanted": wanted}
        for label, wanted in brief.quotas.shares.items()
    }
    card = {
        "version": version(row for _, row in _rows(run.reader)),
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
