"""Finds accepted rows again: those nearest to a text, by an index in the run's folder, and groups of near duplicates.

The index is derived: it is made anew where rows have come since, and may be deleted at any time.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from loopwright.errors import UsageError
from loopwright.loop.dataset import Dataset, Entry
from loopwright.runs.dataset import dataset
from loopwright.runs.folder import RunFolder
from loopwright.store import summary
from loopwright.store.export import replaced
from loopwright.store.faults import faults
from loopwright.store.reader import RunReader
from loopwright.text.named import embedder

if TYPE_CHECKING:
    from loopwright.text.embedding import Floats
    from loopwright.text.index import Index

FOLDER = "index"
_FORM = 1


class Manner(NamedTuple):
    """How rows are made comparable, and where their vectors lie."""

    embedder: str = "lexical"
    kind: str = "flat"


BY_WORDING = Manner()


class Hit(NamedTuple):
    """A row, and the cosine of the angle between it and what was looked for."""

    similarity: float
    entry: Entry


class Cluster(NamedTuple):
    """Rows that are near duplicates of one another, from one to the next: the first of them, and the ids of all."""

    first: Entry
    ids: tuple[str, ...]


def search(run: RunFolder, text: str, limit: int, manner: Manner = BY_WORDING) -> list[Hit]:
    """The accepted rows nearest to the text, the nearest first."""
    rows = dataset(run)
    near = _index(run, rows, manner).nearest(embedder(manner.embedder).embed([text])[0], limit)
    entries = {entry.id: entry for entry in rows.entries(frozenset(each.id for each in near))}
    return [Hit(each.similarity, entries[each.id]) for each in near]


def vectors(run: RunFolder, name: str) -> Floats:
    """Of all accepted rows, in their order."""
    return embedder(name).embed([entry.text for entry in dataset(run).entries()])


def clusters(run: RunFolder, least: float) -> list[Cluster]:
    """The largest first. Rows are as alike as the words of their texts are, character by character; see `text.near`."""
    from loopwright.text.groups import Groups  # noqa: PLC0415
    from loopwright.text.near import NearDuplicates  # noqa: PLC0415

    seen, groups = NearDuplicates(least), Groups[str]()
    firsts: dict[str, Entry] = {}
    for entry in dataset(run).entries():
        groups.add(entry.id)
        firsts[entry.id] = entry
        for near in seen.near(entry.text):
            groups.join(near.id, entry.id)
        seen.add(entry.id, entry.text)
    found: dict[str, list[str]] = {}
    for id in groups:
        found.setdefault(groups.first(id), []).append(id)
    several = [Cluster(firsts[first], tuple(ids)) for first, ids in found.items() if len(ids) > 1]
    return sorted(several, key=lambda cluster: -len(cluster.ids))


def _index(run: RunFolder, rows: Dataset, manner: Manner) -> Index:
    from loopwright.text.index import index  # noqa: PLC0415 - numpy

    state = _state(run, manner)
    place = run.path / FOLDER / _slug(manner)
    note = place / "index.json"
    if not note.is_file() or note.read_bytes() != state:
        _fill(place, rows.entries(), manner)
        with replaced(note) as out:
            out.write(state)
    return index(manner.kind, place)


def _fill(place: Path, entries: Iterable[Entry], manner: Manner) -> None:
    from loopwright.text.index import index  # noqa: PLC0415

    ids, texts = [], []
    for entry in entries:
        ids.append(entry.id)
        texts.append(entry.text)
    if not ids:
        raise UsageError("the run has no accepted row to look for")
    made = embedder(manner.embedder).embed(texts)
    with faults(place):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        index(manner.kind, place).fill(ids, made)


def _state(run: RunFolder, manner: Manner) -> bytes:
    """What the index is of. What has settled does not change, so a run and its number of trials say which rows there are."""
    with RunReader.open(run.store) as reader:
        started: Any = reader.meta().get("start") or {}
        told = {"form": _FORM, "run": started.get("id"), "trials": summary.counts(reader).trials, **manner._asdict()}
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def _slug(manner: Manner) -> str:
    """A name for a folder, whatever the embedder is called."""
    return f"{manner.kind}-{blake2b(manner.embedder.encode(), digest_size=6).hexdigest()}"
