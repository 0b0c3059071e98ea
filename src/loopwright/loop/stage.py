"""Fixed steps that run once: kept in the store under the digest of all they read, so that a resumed run skips them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import cast

import orjson

from loopwright.llm.models import Models
from loopwright.loop.trial import Place
from loopwright.records import Json
from loopwright.store.writer import RunStore


class Stages:
    """Runs stages one after the other, before trial 0. The calls of the n-th are stored under trial -n."""

    def __init__(self, store: RunStore, models: Models, seed: int, base: Path) -> None:
        self.base = base
        """Where files that the spec names are looked for."""
        self._store = store
        self._models = models
        self._seed = seed
        self._count = 0

    async def run(self, name: str, reads: Json, work: Callable[[Place], Awaitable[Json]]) -> Json:
        """What `work` comes to, from the store where an earlier life has finished it. `reads` is everything it depends on."""
        self._count += 1
        form = orjson.dumps([name, reads, self._seed], option=orjson.OPT_SORT_KEYS)
        key = f"{name}:{blake2b(form, digest_size=16).hexdigest()}"
        kept = self._store.stage(key)
        if kept is not None:
            return kept.outcome
        with closing(self._models.at(-self._count)) as scope:
            outcome = await work(Place(-self._count, self._seed, scope))
        await self._store.keep_stage(key, name, outcome)
        return cast(Json, orjson.loads(orjson.dumps(outcome)))  # as a resumed run would read it
