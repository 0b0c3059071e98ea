"""Rows that rest on passages of the user's own texts: each cites its passage and the words in it, and is checked against it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

from pydantic import Field

from loopwright.errors import CallError
from loopwright.llm import prompts
from loopwright.llm.quoting import quote
from loopwright.loop.stage import FromFiles, Stages
from loopwright.loop.trial import Trial
from loopwright.records import Fields, Json
from loopwright.text.named import EmbedderName, embedder
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators import passages
from loopwright.workflows.datagen.generators.asking import Pen, Sampling, added, usage
from loopwright.workflows.datagen.generators.passages import Passage, Shelves, plain
from loopwright.workflows.datagen.generators.protocol import FromNothing, Order, Written
from loopwright.workflows.datagen.generators.whole import Found, RowsPerCall, Sheet, Whole
from loopwright.workflows.datagen.material import Material

_CITED = ("passage", "evidence")
_TEXT: Fields = {"type": "string", "minLength": 1}
_ANSWERABLE: Fields = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "answerable": {"type": "boolean"}},
    "required": ["reason", "answerable"],
    "additionalProperties": False,
}


class Retrieval(Sampling):
    job: ClassVar[str] = "write_grounded"

    folder: Annotated[str, Field(min_length=1, description="of .txt and .md files, beside the recipe")]
    words: Annotated[int, Field(ge=20, le=2000, description="of a passage, at most")] = 150
    passages: Annotated[int, Field(ge=1, le=10, description="that are shown in each call")] = 2
    rows_per_call: RowsPerCall = 3
    embedder: Annotated[
        EmbedderName | None, Field(description="draws the passages that are nearest to the label, by this embedder")
    ] = None
    check: Annotated[bool, Field(description="ask whether each row can be answered from the passage that it cites")] = True
    checker: Annotated[str | None, Field(description="the id of the model that is asked; default: the one that writes")] = None

    def unfit(self, brief: Brief, model: str | None) -> str | None:
        taken = [name for name in _CITED if name in brief.keys]
        if taken:
            return f"the rows have a field {taken[0]!r}, in which they are to cite their passage"
        if self.checker is not None and self.checker not in [block.id for block in brief.recipe.models]:
            return f"its checker {self.checker!r} is no model of this recipe"
        return super().unfit(brief, model)

    def asks(self, model: str | None) -> Sequence[str]:
        return [*super().asks(model), *([self.checker] if self.check and self.checker else [])]

    def generator(self, brief: Brief, model: str | None) -> Retrieving:
        return Retrieving(Whole(brief, Pen(model or "", self)), self)


class Retrieving(FromNothing):
    def __init__(self, whole: Whole, by: Retrieval) -> None:
        self._whole = whole
        self._by = by
        self._checker = Pen(by.checker or whole.pen.model, Sampling())
        self._known: Mapping[str, str] = {}
        self._shelves = Shelves([])

    async def prepare(self, stages: Stages, seeds: Sequence[Fields]) -> None:
        reads: Fields = {"folder": self._by.folder, "words": self._by.words}
        files = FromFiles(self._by.folder, partial(self._read, stages.base))
        kept = cast(list[list[str]], await stages.read(f"passages {self._by.folder}", reads, files))
        found = [Passage(*each) for each in kept]
        self._known = dict(found)
        self._shelves = Shelves(found, embedder(self._by.embedder) if self._by.embedder else None)

    def _read(self, base: Path) -> list[list[str]]:
        return [list(each) for each in passages.read(self._by.folder, base, self._by.words)]

    async def write(self, orders: Sequence[Order], trial: Trial, material: Material) -> list[Written]:
        written = await self._whole.write(orders, trial, self._by.rows_per_call, self._sheet)
        if not self._by.check:
            return written
        async with asyncio.TaskGroup() as group:
            checked = [group.create_task(self._checked(row, trial)) for row in written]
        return [row.result() for row in checked]

    def _sheet(self, orders: Sequence[Order], trial: Trial) -> Sheet:
        label = orders[0].label
        facts = {} if label is None else {"label": label}
        shown = self._shelves.drawn(label or "", self._by.passages, trial.rng(f"passages {orders[0].index}"))
        text = "\n\n".join(f"[{passage.id}]\n{passage.text}" for passage in shown)
        slots = {**self._whole.slots(facts), "passages": text, "count": str(len(orders))}
        prompt = prompts.render(self._by.job, **slots)
        lineage: Fields = {"shown": [passage.id for passage in shown]}
        return Sheet(orders, prompt, self._whole.listed(dict.fromkeys(_CITED, _TEXT)), partial(_cited, shown), facts, lineage)

    async def _checked(self, row: Written, trial: Trial) -> Written:
        if row.trouble is not None or not isinstance(row.data, dict):
            return row
        cited, purpose = str(row.lineage["passage"]), f"answerable {row.order.index}"
        item = "\n".join(f"{key}: {row.data[key]}" for key in self._whole.brief.keys if key in row.data)
        prompt = prompts.render("answerable", passage=self._known[cited], item=item)
        calls = cast(list[Json], row.lineage["calls"])
        now = replace(row, lineage={**row.lineage, "calls": [*calls, purpose]})
        written = cast(dict[str, int], row.usage)
        try:
            reply = (await self._checker.ask(trial, prompt, purpose, _ANSWERABLE)).reply
        except CallError as error:
            trouble = f"whether it rests on {cited} could not be asked: {error.kind}: {error}"
            return replace(now, trouble=trouble, usage=added(written, usage(error)))
        said: Any = reply.data
        lost = None if said["answerable"] else f"it does not rest on {cited}: {quote(said['reason'], limit=200)}"
        return replace(now, trouble=lost, usage=added(written, usage(reply)))


def _cited(shown: Sequence[Passage], data: Any) -> list[Found]:
    """The rows, each with what it cites; one that cites what it was not shown, or what does not stand there, is none."""
    texts = {passage.id: plain(passage.text) for passage in shown}
    found = []
    for given in data["rows"]:
        row = {name: value for name, value in given.items() if name not in _CITED}
        id, evidence = given["passage"].strip().strip("[]"), given["evidence"]
        trouble = None
        if id not in texts:
            trouble = f"it cites {quote(id, limit=80)}, which it was not shown"
        elif plain(evidence) not in texts[id]:
            trouble = f"its evidence does not stand in {id}: {quote(evidence, limit=120)}"
        found.append(Found(row, {"passage": id, "evidence": evidence}, trouble))
    return found
