"""What earlier runs of a domain have learned: one file per policy and set of arms, in a folder of the user's.

A run copies it into its own store at its start and never looks again, so that it stays a function of its folder; once, at its
end, it adds what it has learned itself.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import orjson
from pydantic import JsonValue

from loopwright.errors import StoreCorrupt, StoreTooNew
from loopwright.policy import build
from loopwright.policy.encoding import Encoding
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson, Policy
from loopwright.policy.state import State, export, merge, parse, replay
from loopwright.runs.folder import RunFolder
from loopwright.spec.blocks import Named
from loopwright.store.history import SettledTrial
from loopwright.store.writer import RunStore

KEY = "loopwright_memory"
VERSION = 1


class Known(NamedTuple):
    """What a domain remembers: the runs that have added to it, with their trials, and what they add up to."""

    runs: dict[str, int]
    state: State | None


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain's memory for one policy with one set of arms; others of the same name lie beside it."""

    name: str
    policy: Named
    arms: tuple[str, ...]
    home: Path

    @property
    def file(self) -> Path:
        form = orjson.dumps([self.policy.model_dump(mode="json"), sorted(self.arms)], option=orjson.OPT_SORT_KEYS)
        return self.home / "memory" / self.name / f"{blake2b(form, digest_size=8).hexdigest()}.json"

    def known(self) -> Known:
        if not self.file.exists():
            return Known({}, None)
        try:
            data = orjson.loads(self.file.read_bytes())
            version, runs, state = data[KEY], dict(data["runs"]), data["state"]
        except (ValueError, KeyError, TypeError) as error:
            raise StoreCorrupt(f"{self.file} is no memory of earlier runs; move it away to begin anew") from error
        if version != VERSION:
            raise StoreTooNew(f"{self.file} was written by a newer Loopwright (version {version}); upgrade Loopwright")
        return Known(runs, parse(state, str(self.file)))

    def add(self, run: str, state: State) -> bool:
        """Adds what a run has learned; False where that run had added it before."""
        with self._held():
            runs, before = self.known()
            if run in runs:
                return False
            whole = state if before is None else merge(before, state)
            data = {KEY: VERSION, "runs": {**runs, run: state.trials}, "state": whole.plain()}
            RunFolder(self.file.parent).write(self.file, orjson.dumps(data, option=orjson.OPT_INDENT_2))
        return True

    @contextmanager
    def _held(self) -> Iterator[None]:
        """One run adds at a time; a killed one holds nothing."""
        RunFolder(self.file.parent).create()
        handle = os.open(self.file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's folder for what outlives a run: LOOPWRIGHT_HOME, else where the system keeps such data."""
    given = environ.get("LOOPWRIGHT_HOME")
    if given:
        return Path(given).expanduser().resolve()
    return Path(environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser().resolve() / "loopwright"


def begin(domain: Domain, policy: Policy, store: RunStore) -> Policy:
    """The policy with what the domain knew when the run was first started: that is in the run's own store from then on."""
    copied = store.get_meta("memory")
    if copied is None:
        known = domain.known()
        copied = {"domain": domain.name, "runs": sorted(known.runs), "state": known.state and known.state.plain()}
        store.set_meta("memory", copied)
    return policy if copied["state"] is None else warmed(domain.policy, copied["state"])


def warmed(policy: Named, state: JsonValue) -> Policy:
    """The policy as it decides in a run that began with this state."""
    inner = policy.model_dump(mode="json")
    return build(Named(kind="warm_start", argument={"state": state, "unknown": "ignore", "policy": inner}))


def remember(domain: Domain, policy: Policy, store: RunStore, encoding: Encoding | None) -> None:
    """Adds what the ended run has learned itself to the domain, once however often it is started again."""
    learned = own_learning(store, policy, encoding)
    if domain.add(store.get_meta("start")["id"], export(domain.policy, learned, domain.arms)):
        store.event("remembered", {"domain": domain.name, "trials": learned.version})


def own_learning(store: RunStore, policy: Policy, encoding: Encoding | None) -> Memory:
    """What this run's rewards teach a policy that knows nothing else."""
    return replay(policy, (_lessons(store, settled, encoding) for settled in store.history()))


def _lessons(store: RunStore, settled: SettledTrial, encoding: Encoding | None) -> Iterator[Lesson]:
    for reward in settled.rewards:
        decision = store.decision(reward.decision)
        if decision is not None:
            yield Lesson(decision.context, decision.arm, reward.value, decision.probability, reward.parts, encoding)
