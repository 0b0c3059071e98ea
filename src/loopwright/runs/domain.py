"""What earlier runs of a domain have learned: one file per policy and set of arms, in a folder of the user's.

A run begins with it, as with the states of files (`beginning.py`); once, at its end, it adds what it has learned itself.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import orjson

from loopwright.errors import StoreCorrupt, StoreTooNew
from loopwright.policy.encoding import Encoding
from loopwright.policy.memory import Memory
from loopwright.policy.protocol import Lesson, Policy
from loopwright.policy.state import State, export, merge, parse, replay
from loopwright.runs.folder import RunFolder
from loopwright.spec.blocks import Named
from loopwright.store.decided import decided, extent
from loopwright.store.reader import RunReader
from loopwright.store.writer import RunStore

KEY = "loopwright_memory"
VERSION = 1


class Known(NamedTuple):
    """What a domain remembers: the runs that have added to it, with their trials, and what they add up to."""

    runs: dict[str, int]
    state: State | None


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain's memory for one policy with one set of arms, and one way to make numbers of contexts; others of the same name
    lie beside it."""

    name: str
    policy: Named
    arms: tuple[str, ...]
    home: Path
    encoding: Encoding | None = None

    @property
    def file(self) -> Path:
        columns = () if self.encoding is None else (self.encoding.columns(),)
        form = orjson.dumps([self.policy.model_dump(mode="json"), sorted(self.arms), *columns], option=orjson.OPT_SORT_KEYS)
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


def remember(domain: Domain, learned: Memory, store: RunStore, caveats: Iterable[str]) -> None:
    """Adds what the ended run has learned itself to the domain, once however often it is started again."""
    if domain.add(store.get_meta("start")["id"], export(domain.policy, learned, domain.arms, caveats)):
        store.event("remembered", {"domain": domain.name, "trials": learned.version})


def own_learning(file: Path, policy: Policy, encoding: Encoding | None) -> Memory:
    """What the rewards that a run's store holds teach a policy. One that knows nothing else has the run's own learning then."""
    with RunReader.open(file) as reader:
        return replay(policy, _lessons(reader, encoding))


def _lessons(reader: RunReader, encoding: Encoding | None) -> Iterator[list[Lesson]]:
    for trial in decided(reader, extent(reader).trials):
        yield [
            Lesson(context, arm, reward.value, probability, reward.parts, encoding, reward.weight)
            for reward, context, arm, probability in trial.given
        ]
