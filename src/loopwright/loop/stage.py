"""Fixed steps that run once: kept in the store under the digest of all they read, so that a resumed run skips them.

What a step reads in files is kept, too: the run stays a function of its folder, whatever becomes of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, cast

import orjson

from loopwright.errors import UsageError
from loopwright.llm.models import Models
from loopwright.loop.trial import Place
from loopwright.records import Json
from loopwright.store.writer import RunStore


class FromFiles(NamedTuple):
    """Files as a spec names them, what is found in them, and what is made of that."""

    named: str
    read: Callable[[], Any]
    make: Callable[[Any], Json] = lambda found: cast(Json, found)


def outdated(named: str) -> str:
    """What to tell whoever goes on with a run whose files have changed."""
    return (
        f"warning: {named} held something else when this run began, which goes on with that; "
        "--fresh starts a run with what is there now"
    )


class Stages:
    """Runs stages before trial 0, one after the other or side by side. The calls of the n-th that began are stored under
    trial -n."""

    def __init__(self, store: RunStore, models: Models, seed: int, base: Path, notice: Callable[[str], None]) -> None:
        self.base = base
        """Where files that the spec names are looked for."""
        self._store = store
        self._models = models
        self._seed = seed
        self.notice = notice
        """Tells whoever watches the run."""
        self._count = 0

    async def run(self, name: str, reads: Json, work: Callable[[Place], Awaitable[Json]]) -> Json:
        """What `work` comes to, from the store where an earlier life has finished it. `reads` is everything it depends on."""
        self._count += 1
        key = self._key(name, reads)
        kept = self._store.stage(key)
        if kept is not None:
            return kept.outcome
        with closing(self._models.at(-self._count)) as scope:
            outcome = await work(Place(-self._count, self._seed, scope))
        await self._store.keep_stage(key, name, outcome)
        return cast(Json, orjson.loads(orjson.dumps(outcome)))  # as a resumed run would read it

    async def read(self, name: str, reads: Json, files: FromFiles) -> Json:
        """A stage that reads files. Where those hold something else in a later life, whoever goes on with the run is told."""
        held = f"held {self._key(name, reads)}"

        async def first(_: Place) -> Json:
            found = files.read()
            made = files.make(found)
            self._store.set_meta(held, _mark(found))
            return made

        before = self._store.get_meta(held)
        outcome = await self.run(name, reads, first)
        if before is not None:
            with suppress(UsageError):  # what is gone or broken is not missed
                if _mark(files.read()) != before:
                    self.notice(outdated(files.named))
        return outcome

    def _key(self, name: str, reads: Json) -> str:
        form = orjson.dumps([name, reads, self._seed], option=orjson.OPT_SORT_KEYS)
        return f"{name}:{blake2b(form, digest_size=16).hexdigest()}"


def _mark(found: Any) -> str:
    return blake2b(repr(found).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
