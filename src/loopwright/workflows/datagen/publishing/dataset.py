"""The accepted rows of a run as a dataset: for those who publish it, search in it, or compare it with another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import orjson

from loopwright.errors import UsageError
from loopwright.loop.work import Edition, Ended, Entry, Published, Sheet
from loopwright.quality.row import Row
from loopwright.records import Call, Sample
from loopwright.store.columns import Kind, text
from loopwright.store.export import parquet, replaced
from loopwright.store.reader import RunReader
from loopwright.workflows.datagen.publish import Chat
from loopwright.workflows.datagen.publishing.card import LINEAGE, Cut, card, languages
from loopwright.workflows.datagen.publishing.chat import conversation
from loopwright.workflows.datagen.publishing.croissant import Described, File, croissant
from loopwright.workflows.datagen.publishing.provenance import provenance
from loopwright.workflows.datagen.publishing.splits import splits
from loopwright.workflows.datagen.publishing.survey import Survey, echoes, seeds, survey
from loopwright.workflows.datagen.reading import records, rows, samples
from loopwright.workflows.datagen.recipe import Recipe
from loopwright.workflows.datagen.settling import CHECK


class Dataset:
    def __init__(self, ended: Ended) -> None:
        self._ended = ended
        self._recipe = cast(Recipe, ended.spec)

    def entries(self, ids: frozenset[str] | None = None) -> Iterator[Entry]:
        task = self._recipe.task
        with RunReader.open(self._ended.store) as reader:
            for sample in samples(reader, ids):
                data: Any = sample.data
                row = Row(data["row"], data["lineage"].get("facts", {}))
                label = row.claim(task.label) if task.labels else None
                yield Entry(sample.id, data["row"], row.text(task.text) or row.text() or "", label)

    def seeds(self) -> list[Any]:
        with RunReader.open(self._ended.store) as reader:
            return seeds(reader)

    def made_for(self, sample: Sample, call: Call) -> bool:
        data: Any = sample.data
        return call.purpose in data["lineage"].get("calls", ()) or call.purpose.startswith(f"{CHECK} {sample.index}.")

    def provenance(self) -> dict[str, Any]:
        with RunReader.open(self._ended.store) as reader:
            return provenance(reader, self._ended)

    def publish(self, form: Published, sheet: Sheet, folder: Path) -> Edition:
        with RunReader.open(self._ended.store) as reader:
            found = survey(reader, self._ended)
            if not found.ids:
                raise UsageError(f"{self._ended.folder.name} has no accepted row to publish")
            return _Edition(self._ended, reader, found, folder).made(form, sheet)


class _Edition:
    """One dataset on its way into an empty folder."""

    def __init__(self, ended: Ended, reader: RunReader, found: Survey, folder: Path) -> None:
        self._ended = ended
        self._recipe = cast(Recipe, ended.spec)
        self._reader = reader
        self._survey = found
        self._folder = folder
        outside: dict[str | bytes, bytes] = {f"seed-{number}": text(seed).encode() for number, seed in enumerate(found.seeds)}
        self._splits = splits(found.members, self._recipe.output.publish.splits, outside)
        self._counts = Counter(self._splits[id] for id in found.ids)

    def made(self, form: Published, sheet: Sheet) -> Edition:
        {"hf": self._hub, "chat": self._chat}[form](sheet)
        order = [name for name in self._recipe.output.publish.splits if name in self._counts]
        task = self._recipe.task
        fields = {"id": self._survey.key, "text": task.text, **({"label": task.label} if task.labels else {})}
        return Edition(self._survey.version, len(self._survey.ids), {name: self._counts[name] for name in order}, fields)

    def _chat(self, sheet: Sheet) -> None:
        if sheet != "jsonl":
            raise UsageError("conversations are written as JSONL alone")
        chat = self._recipe.output.publish.chat or self._question()
        for split in self._counts:
            with replaced(self._folder / f"{split}.jsonl") as out:
                for id, row in self._rows(split):
                    out.write(orjson.dumps(conversation(chat, id, row), option=orjson.OPT_APPEND_NEWLINE))

    def _question(self) -> Chat:
        task = self._recipe.task
        if not task.labels:
            raise UsageError("output.publish.chat must say what is asked and what is the answer: the rows have no labels")
        return Chat(user=f"{{{task.text}}}", assistant=f"{{{task.label}}}")

    def _hub(self, sheet: Sheet) -> None:
        found, paths = self._survey, dict[str, list[tuple[str, str]]]()
        ordered = [name for name in self._recipe.output.publish.splits if name in self._counts]
        cells: Mapping[str, tuple[Mapping[str, Kind], Callable[[str], Iterator[Sequence[Any]]]]] = {
            "data": (found.shape, self._data),
            "lineage": (LINEAGE, self._lineage),
        }
        for name, (shape, read) in cells.items():
            (self._folder / name).mkdir()
            for split in ordered:
                path = f"{name}/{split}.{sheet}"
                _write(self._folder / path, sheet, shape, read(split))
                paths.setdefault("default" if name == "data" else name, []).append((split, path))
        cut = Cut({name: self._counts[name] for name in ordered}, echoes(found, self._splits, ordered[0]))
        self._put("README.md", card(self._ended, self._recipe, found, paths, cut).encode())
        self._put("croissant.json", self._croissant(sheet, paths["default"]))

    def _croissant(self, sheet: Sheet, paths: Iterable[tuple[str, str]]) -> bytes:
        told = self._recipe.output.publish
        name = told.title or self._ended.folder.name
        link = told.license_link or told.license_name or told.license
        described = Described(name, self._recipe.task.description, self._survey.version, link, languages(self._recipe))
        files = []
        for split, path in paths:
            content = (self._folder / path).read_bytes()
            files.append(File(split, path, sheet, sha256(content).hexdigest(), len(content)))
        return orjson.dumps(croissant(described, self._survey.shape, files), option=orjson.OPT_INDENT_2)

    def _put(self, name: str, content: bytes) -> None:
        with replaced(self._folder / name) as out:
            out.write(content)

    def _rows(self, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
        return ((id, row) for id, row in rows(self._reader, self._survey.trials) if self._splits[id] == split)

    def _data(self, split: str) -> Iterator[Sequence[Any]]:
        for id, row in self._rows(split):
            yield [id, *(column.cell(row) for column in self._survey.columns)]

    def _lineage(self, split: str) -> Iterator[Sequence[Any]]:
        parents = {member.id: list(member.parents) for member in self._survey.members}
        for record in records(self._reader, self._ended, accepted=True):
            id = record.fields["id"]
            if self._splits.get(id) == split:  # None: it came after the rows were counted
                led: dict[str, Any] = {**record.fields["lineage"], **record.fields["usage"], "id": id, "parents": parents[id]}
                led |= {"facts": led.get("facts") or None, "scores": record.fields["scores"] or None}
                yield [_plain(led.get(name), kind) for name, kind in LINEAGE.items()]


def _plain(value: Any, kind: Kind) -> Any:
    return value if value is None or kind != "text" else text(value)


def _write(file: Path, sheet: Sheet, shape: Mapping[str, Kind], found: Iterator[Sequence[Any]]) -> None:
    if sheet == "parquet":
        parquet(file, list(shape.items()), found)
        return
    with replaced(file) as out:
        for cells in found:
            out.write(orjson.dumps(dict(zip(shape, cells, strict=True)), option=orjson.OPT_APPEND_NEWLINE))
