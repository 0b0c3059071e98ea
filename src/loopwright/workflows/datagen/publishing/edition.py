"""One dataset on its way into an empty folder: its rows by split, with where they come from, the card, the metadata."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias, cast

import orjson

from loopwright.errors import UsageError
from loopwright.loop.dataset import Edition, Published, Sheet
from loopwright.loop.work import Ended
from loopwright.store.columns import Kind, text
from loopwright.store.export import parquet, replaced
from loopwright.store.reader import RunReader
from loopwright.workflows.datagen.publish import Chat
from loopwright.workflows.datagen.publishing.card import LINEAGE, Cut, card, languages
from loopwright.workflows.datagen.publishing.chat import conversation
from loopwright.workflows.datagen.publishing.croissant import Described, File, croissant
from loopwright.workflows.datagen.publishing.splits import splits
from loopwright.workflows.datagen.publishing.survey import Survey, echoes
from loopwright.workflows.datagen.reading import records, rows
from loopwright.workflows.datagen.recipe import Recipe

_OF_THE_RUN = ("recipe", "run", "iteration", "calls")
"""What stands in the lineage of rows, and means nothing without the run."""

Cells: TypeAlias = Callable[[str], Iterator[Sequence[Any]]]
"""The cells of the rows of a split."""


class Issue:
    def __init__(self, ended: Ended, reader: RunReader, found: Survey, folder: Path) -> None:
        self._ended = ended
        self._recipe = cast(Recipe, ended.spec)
        self._told = self._recipe.output.publish
        self._reader = reader
        self._survey = found
        self._folder = folder
        outside: dict[str | bytes, bytes] = {f"seed-{number}": text(seed).encode() for number, seed in enumerate(found.seeds)}
        self._splits = splits(found.members, self._told.splits, outside)
        counts = Counter(self._splits[id] for id in found.ids)
        self._counts = {name: counts[name] for name in self._told.splits if counts[name]}

    def edition(self, form: Published, sheet: Sheet) -> Edition:
        {"hf": self._hub, "chat": self._chat}[form](sheet)
        task = self._recipe.task
        fields = {"id": self._survey.key, "text": task.text, **({"label": task.label} if task.labels else {})}
        return Edition(self._survey.version, len(self._survey.ids), self._counts, fields, self._left_out)

    @property
    def _left_out(self) -> tuple[str, ...]:
        return tuple(name for name, share in self._told.splits.items() if share and name not in self._counts)

    def _chat(self, sheet: Sheet) -> None:
        if sheet != "jsonl":
            raise UsageError("conversations are written as JSONL alone")
        chat = self._told.chat or self._question()
        for split in self._counts:
            with replaced(self._folder / f"{split}.jsonl") as out:
                for id, row in self._rows(split):
                    out.write(orjson.dumps(conversation(chat, id, row), option=orjson.OPT_APPEND_NEWLINE))

    def _question(self) -> Chat:
        task = self._recipe.task
        if task.label not in self._survey.shape:
            raise UsageError("output.publish.chat must say what is asked and what is the answer: the rows hold no labels")
        return Chat(user=f"{{{task.text}}}", assistant=f"{{{task.label}}}")

    def _hub(self, sheet: Sheet) -> None:
        found = self._survey
        data = self._sheets("data", sheet, found.shape, self._data)
        lineage = self._sheets("lineage", sheet, LINEAGE, self._lineage)
        cut = Cut(self._counts, self._left_out, echoes(found, self._splits, next(iter(self._counts))))
        told = card(self._ended, self._recipe, found, {"default": data, "lineage": lineage}, cut)
        self._put("README.md", told.encode())
        self._put("croissant.json", self._croissant(sheet, data))

    def _sheets(self, folder: str, sheet: Sheet, shape: Mapping[str, Kind], cells: Cells) -> list[tuple[str, str]]:
        """One for each split; their paths."""
        (self._folder / folder).mkdir()
        paths = [(split, f"{folder}/{split}.{sheet}") for split in self._counts]
        for split, path in paths:
            _write(self._folder / path, sheet, shape, cells(split))
        return paths

    def _croissant(self, sheet: Sheet, paths: Iterable[tuple[str, str]]) -> bytes:
        name = self._told.title or self._ended.folder.name
        link = self._told.license_link or self._told.license_name or self._told.license
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
                led["details"] = {name: value for name, value in led.items() if name not in (*LINEAGE, *_OF_THE_RUN)} or None
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
