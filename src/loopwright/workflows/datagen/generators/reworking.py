"""Rows that a model makes of others, one in an answer: what the generators of that sort share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol, runtime_checkable

from loopwright.errors import CallError
from loopwright.llm import prompts
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Trial
from loopwright.policy.keyed import Keyed
from loopwright.records import Fields, Json
from loopwright.workflows.datagen.generators.asking import added, usage
from loopwright.workflows.datagen.generators.protocol import Order, Written
from loopwright.workflows.datagen.generators.shown import as_json, drawn
from loopwright.workflows.datagen.generators.whole import Whole
from loopwright.workflows.datagen.material import ByLabel, Material, Past


class Given(NamedTuple):
    """An order, and the row that is to become what it asks for."""

    order: Order
    past: Past


@runtime_checkable
class Reworks(Protocol):
    """A generator that makes rows of others, and so may be the second of a chain: there, a row without a reason passed."""

    async def prepare(self, stages: Stages, rows: Sequence[Fields]) -> None: ...

    async def rework(self, given: Sequence[Given], trial: Trial, material: Material) -> list[Written]: ...


def matched(orders: Sequence[Order], rows: ByLabel) -> list[Order]:
    """As many orders of each label as there are rows of it."""
    left = {label: len(some) for label, some in rows.items()}
    taken = []
    for order in orders:
        if left.get(order.label, 0):
            left[order.label] -= 1
            taken.append(order)
    return taken


def dealt(orders: Sequence[Order], rows: ByLabel, rng: Keyed) -> list[Given]:
    """To each order a row of its label, none twice."""
    decks = {label: drawn(rows[label], len(rows[label]), rng) for label in dict.fromkeys(order.label for order in orders)}
    return [Given(order, decks[order.label].pop()) for order in orders]


async def each(given: Sequence[Given], make: Callable[[Given], Coroutine[Any, Any, Written]]) -> list[Written]:
    """What becomes of them side by side."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(make(one)) for one in given]
    return [task.result() for task in tasks]


class Rewriter:
    """Asks for one row in the place of another; the row that it was made of is its parent."""

    def __init__(self, whole: Whole) -> None:
        self._whole = whole

    def blank(self, given: Given) -> Written:
        """An order that nothing has come to yet."""
        lineage: dict[str, Json] = {"model": self._whole.pen.model, "calls": [], "prompts": []}
        return Written(given.order, lineage=lineage, parents=(given.past,))

    async def ask(self, before: Written, given: Given, trial: Trial, purpose: str, job: str, **told: str) -> Written:
        """What an answer to that prompt comes to, together with what was asked for it before."""
        facts = {name: str(fact) for name, fact in before.facts.items()}
        row = as_json(given.past, self._whole.brief.keys)
        prompt = prompts.render(job, **self._whole.slots(facts), row=row, **told)
        now = replace(before, lineage=_more(before, "calls", purpose))
        try:
            asked = await self._whole.pen.ask(trial, prompt, purpose, self._whole.single.schema, self._whole.single.least)
        except CallError as error:
            used = added(dict(before.usage), usage(error))  # type: ignore[arg-type]
            return replace(now, data=None, trouble=f"{error.kind}: {error}", usage=used)
        data = self._whole.whole(asked.reply.data, given.order)
        used = added(dict(before.usage), usage(asked.reply))  # type: ignore[arg-type]
        lineage = {**_more(now, "prompts", asked.prompt), "model": asked.model}
        return replace(now, data=data, trouble=None, lineage=lineage, usage=used)


def _more(written: Written, name: str, entry: str) -> dict[str, Json]:
    listed = written.lineage[name]
    return {**written.lineage, name: [*listed, entry] if isinstance(listed, list) else [entry]}
