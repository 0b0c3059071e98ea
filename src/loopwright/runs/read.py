"""Reads runs for whoever shows them: how each stands, what came out, what it cost, what was learned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from loopwright.errors import RunNotFound, StoreError
from loopwright.records import Decision, Event, Json
from loopwright.runs.folder import RunFolder, all_runs
from loopwright.store import summary
from loopwright.store.lock import held
from loopwright.store.reader import RunReader
from loopwright.store.rows import TABLES
from loopwright.store.summary import ArmRewards, ContextArm, Counts, Failures, PassRate, Spend, Total

Standing: TypeAlias = Literal[
    "running", "done", "missed", "budget", "interrupted", "stopped", "crashed", "killed", "unstarted", "unreadable"
]

NOTHING = Counts(0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Overview:
    """One run at a glance. `reason` says why it ended, or why it cannot be read; `spent` is in nano-USD."""

    folder: RunFolder
    status: Standing
    reason: str = ""
    workflow: str = ""
    counts: Counts = NOTHING
    spent: Total = summary.NONE
    changed: float = 0.0
    """When its store was last written to, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Cap:
    """One cap of the budget and what is taken of it: spent, or set aside for calls in flight."""

    account: str
    limit: int
    taken: int


class Stages(NamedTuple):
    """How many stages have ended, and the names of the first of them."""

    ended: int
    first: tuple[str, ...]


class Model(NamedTuple):
    """A model as the spec names it: its id, who answers for it, and what that provider calls it."""

    id: str
    provider: str
    name: str


class Span(NamedTuple):
    """When a run was first started and when its last life ended, in seconds since 1970; None where it is not written."""

    began: float | None
    ended: float | None


class Recalled(NamedTuple):
    """What a run's domain knew when it began: from so many earlier runs, in so many trials."""

    domain: str
    runs: int
    trials: int

    @property
    def sources(self) -> str:
        return "an earlier run" if self.runs == 1 else f"{self.runs:,} earlier runs"


@dataclass(frozen=True, slots=True)
class Whole:
    """All that is known of one run, but for its rows."""

    overview: Overview
    span: Span
    policy: Json
    recalled: Recalled | None
    models: tuple[Model, ...]
    digest: str
    seed: int | None
    sets: tuple[str, ...]
    spending: tuple[Spend, ...]
    caps: tuple[Cap, ...]
    arms: tuple[ArmRewards, ...]
    pass_rates: tuple[PassRate, ...]
    failures: tuple[Failures, ...]
    stages: Stages
    last_event: Event | None


@dataclass(frozen=True, slots=True)
class Learned:
    """What the log of decisions and rewards says of each arm, over all contexts and in each, and how the last decisions came
    about."""

    policy: Json
    overall: tuple[ArmRewards, ...]
    arms: tuple[ContextArm, ...]
    decisions: tuple[Decision, ...]


def overviews(root: Path) -> Iterator[Overview]:
    """Every run in the folder, the newest first; one that cannot be read says why and hides no other."""
    return map(overview, all_runs(root))


def overview(folder: RunFolder) -> Overview:
    try:
        with RunReader.open(folder.store) as reader:
            return _overview(folder, reader, reader.meta())
    except (StoreError, RunNotFound) as error:
        return Overview(folder, "unreadable", str(error), spent=Total(0, 1), changed=_changed(folder))


def whole(folder: RunFolder) -> Whole:
    with RunReader.open(folder.store) as reader:
        meta = reader.meta()
        began = meta.get("start") or {}
        spec = began.get("spec") or {}
        return Whole(
            overview=_overview(folder, reader, meta),
            span=Span(began.get("started"), (meta.get("end") or {}).get("at")),
            policy=spec.get("policy"),
            recalled=_recalled(meta),
            models=tuple(Model(each["id"], each["provider"], each["model"] or each["id"]) for each in spec.get("models", ())),
            digest=began.get("digest", ""),
            seed=spec.get("seed"),
            sets=tuple(began.get("sets", ())),
            spending=tuple(summary.spend(reader)),
            caps=tuple(_caps(spec, reader.credits())),
            arms=tuple(summary.arms(reader)),
            pass_rates=tuple(summary.pass_rates(reader)),
            failures=tuple(summary.failures(reader)),
            stages=Stages(reader.count_stages(), tuple(stage.name for stage in reader.stages(limit=10))),
            last_event=next(iter(reader.events(limit=1, newest=True).rows), None),
        )


def _recalled(meta: dict[str, Any]) -> Recalled | None:
    """None where the run's spec names no domain."""
    memory = (meta.get("beginning") or {}).get("memory")
    return memory and Recalled(memory["domain"], len(memory["runs"]), (memory["state"] or {"trials": 0})["trials"])


def part(folder: RunFolder, name: str, limit: int) -> list[Any]:
    """Rows of the run, as records: the first ones, or of what happened the last ones."""
    with RunReader.open(folder.store) as reader:
        if name == "failures":
            return summary.failures(reader)[:limit]
        if name == "events":
            return reader.events(limit=limit, newest=True).rows[::-1]
        return list(reader.page(TABLES[name.removesuffix("s")], limit=limit).rows)


def learned(folder: RunFolder, last: int, contexts: int = -1) -> Learned:
    """The last so many decisions; arms in the so many most frequent contexts, or in all."""
    with RunReader.open(folder.store) as reader:
        spec = (reader.meta().get("start") or {}).get("spec") or {}
        decisions = reader.decisions(limit=last, newest=True).rows[::-1] if last else []
        arms, in_contexts = summary.arms(reader), summary.context_arms(reader, contexts)
        return Learned(spec.get("policy"), tuple(arms), tuple(in_contexts), tuple(decisions))


def _overview(folder: RunFolder, reader: RunReader, meta: dict[str, Any]) -> Overview:
    end = meta.get("end") or {}
    spec = (meta.get("start") or {}).get("spec") or {}
    return Overview(
        folder=folder,
        status=_standing(folder, meta),
        reason=end.get("reason", ""),
        workflow=spec.get("workflow", ""),
        counts=summary.counts(reader),
        spent=summary.added(spend.nano_usd for spend in summary.spend(reader)),
        changed=_changed(folder),
    )


def _standing(folder: RunFolder, meta: dict[str, Any]) -> Standing:
    if held(folder.path):
        return "running"
    if meta.get("start") is None:
        return "unstarted"
    end = meta.get("end")
    if end is None:
        return "killed"
    return "missed" if end.get("missed") else cast(Standing, end["status"])


def _changed(folder: RunFolder) -> float:
    """An empty log holds no change: who reads a store that was closed makes one."""
    log = folder.store.with_name(folder.store.name + "-wal")
    found = [file.stat() for file in (folder.store, log) if file.is_file()]
    return max((each.st_mtime for each in found if each.st_size), default=0.0)


def _caps(spec: dict[str, Any], credits: dict[str, int]) -> Iterator[Cap]:
    """A credit is an amount set aside durably; once a run has ended cleanly it is what was spent."""
    owners = [("run", spec.get("budget")), *((f"model/{model['id']}", model.get("budget")) for model in spec.get("models", ()))]
    for owner, budget in owners:
        for unit, limit in (budget or {}).items():
            if limit is not None:
                account = f"{owner}:{'nano_usd' if unit == 'usd' else unit}"
                whole_limit = round(limit * 1e9) if unit == "usd" else limit
                yield Cap(account, whole_limit, credits.get(account, 0))
