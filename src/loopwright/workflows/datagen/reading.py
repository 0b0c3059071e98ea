"""The dataset as it lies in a run's store: its rows with where they come from, and the columns they make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, cast

from loopwright.loop.work import Ended
from loopwright.quality.row import Row
from loopwright.records import Call, Decision, Sample, Verdict
from loopwright.spec.digest import canonical_json
from loopwright.store.columns import Kind, joined, kind_of, text
from loopwright.store.history import SettledTrial
from loopwright.store.lineage import sample_of
from loopwright.store.reader import RunReader, Where
from loopwright.store.rows import SAMPLE, SPAN, TRIAL
from loopwright.workflows.datagen.ledger import EVALUATION


class Record(NamedTuple):
    """A row as it is handed on, and whether it belongs to the dataset."""

    accepted: bool
    fields: dict[str, Any]


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
    if any(cast(Any, sample.data)["lineage"].get("calls") for sample in trial.samples):
        return by_purpose(reader.calls(Where(trial=trial.trial.number), limit=100_000).rows)
    return {}


def by_purpose(calls: Iterable[Call]) -> dict[str, list[int]]:
    """The ids of a trial's calls by what they were for."""
    found: dict[str, list[int]] = {}
    for call in calls:
        found.setdefault(call.purpose, []).append(call.id)
    return found


def _record(ended: Ended, trial: SettledTrial, sample: Sample, calls: dict[str, list[int]]) -> Record:
    data: Any = sample.data
    verdicts = [each for each in trial.verdicts if each.sample == sample.index]
    failed = next((each for each in verdicts if not each.passed), None)
    lineage = {"recipe": ended.digest, "run": ended.folder.name, **came_from(sample, trial.decisions, calls)}
    fields: dict[str, Any] = {"id": sample.id, "data": data["row"], "scores": scores(verdicts)}
    if sample.index not in trial.accepted and failed is not None:
        fields |= {"rejected_by": failed.validator, "reason": failed.reason}
    return Record(sample.index in trial.accepted, {**fields, "lineage": lineage, "usage": data.get("usage", {})})


def came_from(sample: Sample, decisions: Sequence[Decision], calls: Mapping[str, list[int]]) -> dict[str, Any]:
    """The lineage of a row within its run; `calls` are those of its trial."""
    kept: dict[str, Any] = dict(cast(Any, sample.data)["lineage"])
    purposes = kept.pop("calls", [])
    lineage = {"iteration": sample.trial, **_decided(decisions), **kept}
    if purposes:
        lineage["calls"] = [id for purpose in purposes for id in calls.get(purpose, [])]
    return {**lineage, "parents": list(sample.parents)} if sample.parents else lineage


def _decided(decisions: Sequence[Decision]) -> dict[str, Any]:
    return {"arm": decisions[-1].arm, "probability": decisions[-1].probability} if decisions else {}


def scores(verdicts: Sequence[Verdict]) -> dict[str, float]:
    return {each.validator: each.score for each in verdicts if each.score is not None}


def samples(reader: RunReader, ids: frozenset[str] | None = None, trials: int | None = None) -> Iterator[Sample]:
    """The accepted ones; of those ids alone, or of the first so many trials."""
    if ids is None:
        last = None if trials is None else trials * SPAN - 1
        return map(SAMPLE.parse, reader.rows(SAMPLE, Where(accepted=True), last))
    found = (sample for id in ids if (sample := sample_of(reader, id)) is not None and sample.accepted)
    return iter(sorted(found, key=lambda sample: (sample.trial, sample.index)))


def rows(reader: RunReader, trials: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The accepted rows by id, without where they come from; those of the first so many trials."""
    for sample in samples(reader, trials=trials):
        yield sample.id, cast(Any, sample.data)["row"]


class Column(NamedTuple):
    """A field of the rows. What is of more than one kind, or a structure, is shown as text."""

    name: str
    kind: Kind

    def cell(self, row: dict[str, Any]) -> Any:
        value = row.get(self.name)
        return value if value is None or self.kind != "text" else text(value)


def columns(found: Iterable[dict[str, Any]]) -> list[Column]:
    kinds: dict[str, Kind | None] = {}
    for row in found:
        for name, value in row.items():
            kinds.setdefault(name, None)
            if value is not None:
                kind, before = _kind(value), kinds[name]
                kinds[name] = kind if before is None else joined(before, kind)
    return [Column(name, kind or "text") for name, kind in kinds.items()]


def _kind(value: Any) -> Kind:
    listed = isinstance(value, list) and bool(value) and all(isinstance(part, str) for part in value)
    return "texts" if listed else kind_of(value)


def version(found: Iterable[dict[str, Any]]) -> str:
    """What identifies a dataset: the digest of its rows, in their order."""
    digest = blake2b(digest_size=16)
    for row in found:
        digest.update(canonical_json(row) + b"\n")
    return digest.hexdigest()


class Origin(NamedTuple):
    """An accepted row with what it claims to be, and the arm that wrote it."""

    row: Row
    arm: str


def origins(reader: RunReader) -> Iterator[Origin]:
    for trial in reader.history():
        for sample in trial.samples:
            if sample.index in trial.accepted:
                data: Any = sample.data
                yield Origin(Row(data["row"], data["lineage"].get("facts", {})), trial.decisions[-1].arm)


def evaluations(reader: RunReader) -> Iterator[tuple[int, dict[str, Any]]]:
    """What the evaluations in the loop found, each with the batch that it was made in."""
    for row in reader.rows(TRIAL):
        trial = TRIAL.parse(row)
        data: Any = trial.data
        if data and data.get(EVALUATION):
            yield trial.number, data[EVALUATION]
