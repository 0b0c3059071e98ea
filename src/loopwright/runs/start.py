"""Starts or resumes a run: its folder, its lock, its record of what it was started with, and then its life."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any, NamedTuple

import orjson

from loopwright.errors import LoopwrightError, ReplayDiffers, SpecError, UsageError
from loopwright.llm.spending import Spending
from loopwright.loop.adapt import End, end_by
from loopwright.loop.progress import Progress
from loopwright.loop.stage import outdated
from loopwright.loop.work import Ended, Work
from loopwright.records import Arm, Fields, Json
from loopwright.runs.again import again, located
from loopwright.runs.beginning import Beginning, changed, keep, read, starts
from loopwright.runs.check import Checked, check, check_files
from loopwright.runs.domain import Domain, home
from loopwright.runs.folder import RunFolder, fresh, named, successive
from loopwright.runs.given import NOTHING, Given
from loopwright.runs.live import Begun, Life, Watcher
from loopwright.runs.states import state_of
from loopwright.runs.work import at_work, outputs
from loopwright.spec.digest import changed as settings_changed
from loopwright.store.lock import hold
from loopwright.store.reader import noted
from loopwright.store.writer import RunStore


@dataclass(frozen=True, slots=True)
class Start:
    """How a run is to be started, beside its spec."""

    file: Path
    sets: tuple[str, ...] = ()
    name: str | None = None
    fresh: bool = False
    anew: bool = False
    """Fresh only where the run that is there has come to its end."""

    drain_s: float = 10.0
    base: Path | None = None
    """Where files that the spec names are looked for, if not beside it."""


class Result(NamedTuple):
    """What one life of a run came to."""

    folder: RunFolder
    end: End
    progress: Progress
    spending: Spending
    missed: str | None
    files: tuple[Path, ...] = ()

    @property
    def exit_code(self) -> int:
        if self.end.error is not None:
            return self.end.error.exit_code if isinstance(self.end.error, LoopwrightError) else 1
        if self.missed is not None:
            return 4
        return 1 if self.progress.failed else 0


class Prepared(NamedTuple):
    """A checked spec and the folder it runs in; `text` is the spec as it was written."""

    folder: RunFolder
    checked: Checked
    text: bytes
    base: Path
    sets: tuple[str, ...]


def start(request: Start, watcher: Watcher) -> Result:
    """Runs a spec; where its run exists already, goes on with that."""
    return asyncio.run(begin(request, watcher))


async def begin(request: Start, watcher: Watcher, given: Given = NOTHING) -> Result:
    """The same, for a program that has a loop of its own and may give parts of the run itself."""
    checked = check(request.file, request.sets)
    base = request.file.resolve().parent if request.base is None else request.base
    wrong: SpecError | None = None
    try:
        checked = check_files(checked, base)
    except SpecError as error:
        wrong = error
    name = request.name or checked.spec.name or request.file.stem
    folder = named(Path(checked.spec.runs()), name, checked.digest)
    if request.fresh:
        folder = fresh(folder)
    elif request.anew:
        folder = next(each for each in successive(folder) if not _is_done(each))
    if wrong is not None and noted(folder.store).get("start") is None:  # one that has keeps what it needs of the files
        raise wrong
    prepared = Prepared(folder, checked, request.file.read_bytes(), base, request.sets)
    return await _live(prepared, watcher, request.drain_s, given)


def resume(folder: RunFolder, sets: Sequence[str], watcher: Watcher, drain_s: float = 10.0) -> Result:
    """Goes on with a run from its folder alone. `sets` may change only what does not change its result: budgets, limits, ..."""
    checked, base, all_sets = again(folder, sets)
    prepared = Prepared(folder, checked, folder.spec.read_bytes(), base, all_sets)
    return asyncio.run(_live(prepared, watcher, drain_s))


async def _live(prepared: Prepared, watcher: Watcher, drain_s: float, given: Given = NOTHING) -> Result:
    prepared = _located(prepared, watcher)
    folder, checked = prepared.folder, prepared.checked
    work = at_work(checked.workflow, checked.spec, given.work)
    domain = _domain(checked, work)
    beginning = _beginning(prepared, work, domain, watcher)
    folder.create()
    with hold(folder.path):
        async with RunStore.open(folder.store) as store:
            _record_start(prepared, store, watcher)
            try:
                begun = Begun(work, keep(beginning, store).policy(checked.spec.policy), domain, given)
                lived = await Life(folder, checked, prepared.base, watcher, drain_s).run(store, begun)
            except Exception as error:
                end = end_by(error)
                _record_end(prepared, store, end.status, end.reason)
                raise
            _record_end(prepared, store, lived.end.status, lived.end.reason, lived.missed)
            await store.flush()
            learned = partial(state_of, folder, own=False)
            ended = Ended(checked.spec, checked.digest, folder.path, folder.store, prepared.base, learned)
            files = outputs(checked.workflow, ended)
    return Result(folder, *lived, files)


def _located(prepared: Prepared, watcher: Watcher) -> Prepared:
    """With the spec as the run goes by it: what it says in files is what they said when the run first started."""
    checked, base = prepared.checked, prepared.base
    try:
        spec = located(prepared.folder, checked.spec, base)
    except SpecError as error:
        raise checked.document.blame(error) from None
    with suppress(UsageError):  # what is gone or broken is not missed
        if checked.spec.located(base) != spec:
            watcher.notice(outdated(", ".join(checked.spec.named_files())))
    return prepared._replace(checked=checked._replace(spec=spec))


def _is_done(folder: RunFolder) -> bool:
    end = noted(folder.store).get("end")
    return end is not None and end["status"] == "done"


def _domain(checked: Checked, work: Work[Any]) -> Domain | None:
    spec = checked.spec
    if spec.memory is None:
        return None
    arms = getattr(work, "arms", None)
    if arms is None:
        raise UsageError(f"the workflow {spec.workflow!r} does not say which arms it has, so it has no memory across runs")
    return Domain(spec.memory, spec.policy, tuple(arm.name for arm in arms), home(), getattr(work, "encoding", None))


def _beginning(prepared: Prepared, work: Work[Any], domain: Domain | None, watcher: Watcher) -> Beginning:
    """What the run begins with, or what it began with when it was first started."""
    encoding = getattr(work, "encoding", None)
    kept = Beginning.of(noted(prepared.folder.store))
    if kept is None:
        policy = prepared.checked.policy
        found = read(policy, prepared.base, domain, encoding)
        for each in starts(policy):
            each.check(getattr(work, "arms", None) or [Arm(name) for name in each.start.arms])
        return found
    if (None if encoding is None else orjson.loads(orjson.dumps(encoding.plain()))) != kept.encoding:
        raise ReplayDiffers(
            f"{prepared.folder.name} was begun when its workflow made numbers of contexts in another way: "
            "what was learned does not fit; start another run with --fresh"
        )
    for name in changed(kept, prepared.base):
        watcher.notice(outdated(name))
    return kept


def _record_start(prepared: Prepared, store: RunStore, watcher: Watcher) -> None:
    """Writes down what this life starts with, and what has changed since the last one."""
    folder, checked = prepared.folder, prepared.checked
    began = store.get_meta("start")
    lost = store.lose_open_calls()
    if began is not None:
        before = type(checked.spec).model_validate_json(orjson.dumps(began["spec"]))
        changes = [change._asdict() for change in settings_changed(before, checked.spec)]
        if began["base"] != str(prepared.base):
            changes.append({"path": "base", "old": began["base"], "new": str(prepared.base)})
            watcher.notice(
                f"warning: this run was begun from {began['base']}; files it names are now looked for in {prepared.base}"
            )
        store.event("resumed", {"at_trial": store.settled(), "calls_lost": lost, "changed": changes})
    else:
        store.event("started", {"digest": checked.digest})
    folder.write(folder.spec, prepared.text)
    facts: Fields = {
        "id": secrets.token_hex(8) if began is None else began["id"],
        "started": time.time() if began is None else began["started"],
        "digest": checked.digest,
        "sets": prepared.sets,
        "base": str(prepared.base),
        "spec": checked.spec.model_dump(mode="json"),
    }
    store.set_meta("start", facts)
    store.set_meta("end", None)
    folder.describe(_manifest(prepared, facts["started"], None))


def _record_end(prepared: Prepared, store: RunStore, status: str, why: str, missed: str | None = None) -> None:
    reason = "; ".join(filter(None, (why, missed)))
    end: Fields = {"status": status, "reason": reason, "at": time.time(), "trials": store.settled()}
    if missed is not None:
        end = {**end, "missed": True}
    store.event("ended", end)
    store.set_meta("end", end)
    prepared.folder.describe(_manifest(prepared, store.get_meta("start")["started"], end))


def _manifest(prepared: Prepared, started: Json, end: Fields | None) -> Fields:
    spec = prepared.checked.spec
    return {
        "loopwright": version("loopwright"),
        "python": python_version(),
        "workflow": spec.workflow,
        "spec_digest": prepared.checked.digest,
        "seed": spec.seed,
        "window": spec.window,
        "update_every": spec.update_every,
        "executor": spec.executor,
        "started": started,
        "written": time.time(),
        "end": end,
    }
