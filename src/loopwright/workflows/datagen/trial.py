"""The workflow at work: a trial is a batch. `act` has an arm write the rows that are wanted most and asks the gate about each;
`settle` decides beside all accepted rows which of them are taken, and what the arm has earned."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from loopwright.errors import UsageError
from loopwright.llm.messages import Reply, Request, chat
from loopwright.llm.quoting import quote
from loopwright.loop.chooser import Chooser, Range
from loopwright.loop.stage import FromFiles, Stages
from loopwright.loop.trial import Item, Trial
from loopwright.loop.work import Outcome, Settlement
from loopwright.quality.gate import Gate, Memories, Said, View, passed
from loopwright.quality.row import Row, Ruling
from loopwright.records import Fields, Json
from loopwright.workflows.datagen import seeds
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.checks import require_extras
from loopwright.workflows.datagen.context import Context, Seen, Setting, as_arm, contextual, encoding
from loopwright.workflows.datagen.generators import model_of, way
from loopwright.workflows.datagen.generators.asking import SEEDS
from loopwright.workflows.datagen.generators.protocol import Generator, Order, Written
from loopwright.workflows.datagen.ledger import EVALUATION
from loopwright.workflows.datagen.material import FOLD, Material
from loopwright.workflows.datagen.raising import RAISED, raised, stop_if_broken
from loopwright.workflows.datagen.recipe import Recipe
from loopwright.workflows.datagen.settling import CHECK, WRITTEN, Settling, row_of, verdict
from loopwright.workflows.datagen.state import State

if TYPE_CHECKING:
    from loopwright.workflows.datagen.evaluating import Evaluation

_LEAST_RATE = 0.2
"""The share of rows that is counted on to pass, however few did of late."""


class Datagen:
    rewards = Range(0.0, 1.0)

    def __init__(self, recipe: Recipe) -> None:
        require_extras(recipe.output.formats)
        self.recipe = recipe
        self.brief = recipe.brief
        self.gate: Gate = self.brief.gate()
        self.arms = [as_arm(block, self.brief) for block in self.brief.arms]
        self._contextual = contextual(recipe.policy)
        self.encoding = encoding(self.arms) if self._contextual else None
        self._generators: dict[str, Generator] = {
            block.id: way(block, ("arms", at)).generator(self.brief, model_of(block, self.brief))
            for at, block in enumerate(self.brief.arms)
        }
        self._seeds: Memories = self.gate.memories()
        self._setting = Setting.of(self.brief, 0)
        self._evaluation = _evaluation(self.brief)

    def items(self) -> Iterator[Item]:
        return (Item(f"batch-{number}") for number in range(self.recipe.most_trials()))

    def begin(self) -> State:
        return State(self.gate.memories(), self.recipe.batch_size, len(self.brief.quotas.rows))

    async def prepare(self, stages: Stages) -> None:
        self.gate.load()
        rows: list[Any] = []
        if self.recipe.seeds is not None:
            given = self.recipe.seeds
            reads = cast(Fields, given.model_dump(mode="json"))
            found = FromFiles(given.path, partial(seeds.read, given, stages.base, self.brief.seeded))
            rows = cast(list[Any], await stages.read("seeds", reads, found))
        for number, row in enumerate(rows):
            self._seeds.admit(f"seed-{number}", Row(row))
        self._setting = Setting.of(self.brief, len(rows) - self.brief.unwanted(rows).total())
        if self._evaluation is not None and self.recipe.evaluation is not None:
            reads = cast(Fields, self.recipe.evaluation.model_dump(mode="json"))
            dev = await stages.read("dev", reads, self._evaluation.dev(stages.base))
            self._evaluation.take(cast(Any, dev), rows)
        for arm, generator in self._generators.items():
            with _of_arm(arm):
                await generator.prepare(stages, rows)

    # act

    async def act(self, trial: Trial, seen: Seen, chooser: Chooser) -> Outcome:
        labels = self.brief.quotas.next(seen.labels, self._size(seen), trial.rng("labels", step=0))
        material = seen.material.shared(trial.number, self.recipe.window)
        taken = self._taken([Order(index, label) for index, label in enumerate(labels)], material, seen.off)
        on = [arm for arm in self.arms if arm.name in taken]
        context = Context.of(seen, self.brief, self._setting).fields() if self._contextual else {}
        pick = chooser.choose(context, on)
        orders = [Order(index, order.label) for index, order in enumerate(taken[pick.arm.name])]
        written = [self._claiming(each) for each in await self._generators[pick.arm.name].write(orders, trial, material)]
        examined = await self._examined(written, trial, material.view)
        stop_if_broken(examined, seen.raising)
        samples = [trial.sample(each.order.index, _kept(each), tuple(parent.id for parent in each.parents)) for each in written]
        verdicts = [verdict(trial, each.order.index, one) for each, said in zip(written, examined, strict=True) for one in said]
        data = {**await self._evaluated(trial, seen), **({RAISED: found} if (found := raised(examined)) else {})}
        return Outcome(tuple(samples), tuple(verdicts), data or None)

    async def _evaluated(self, trial: Trial, seen: Seen) -> Fields:
        """In a thread: other batches go on meanwhile."""
        if self._evaluation is None or not self._evaluation.due(trial.number):
            return {}
        found = await asyncio.to_thread(self._evaluation.judge, seen.account)
        return {} if found is None else {EVALUATION: found}

    def _taken(self, orders: Sequence[Order], material: Material, off: frozenset[str]) -> Mapping[str, Sequence[Order]]:
        """The arms on offer, each with the orders that it has something to work on for. Those that were switched off come back
        where no other could write."""
        able = {name: taken for name, one in self._generators.items() if (taken := one.takes(orders, material))}
        if not able:
            labels = ", ".join(dict.fromkeys(order.label or "any label" for order in orders))
            raise UsageError(f"arms: none has a row to begin with for {labels}; add one that needs none, as `naive` does")
        return {name: taken for name, taken in able.items() if name not in off} or able

    def _claiming(self, written: Written) -> Written:
        """A row without a field for its label has it among its facts, by the name of that field."""
        name, data = self.brief.wanted_label, written.data
        if name is None or not isinstance(data, dict) or name in data or name in written.facts:
            return written
        return replace(written, facts={**written.facts, name: written.order.label})

    def _size(self, seen: Seen) -> int:
        """Of a batch: towards the end, its part of what all those under way are to bring, so that little is written in vain."""
        left = self.brief.quotas.target - seen.accepted
        likely = max(_LEAST_RATE, 1.0 - seen.rejects)
        return max(1, min(self.recipe.batch_size, math.ceil(left / (self.recipe.window * likely))))

    async def _examined(self, written: Sequence[Written], trial: Trial, view: View) -> list[list[Said]]:
        """What the gate says of each row; of the batch as a whole, it says the same of each that had passed until then."""
        rows = [row_of(trial, each.order.index, each.data, each.facts) for each in written if isinstance(each.data, dict)]
        lost = {each.order.index: trouble for each in written if (trouble := _trouble(each)) is not None}
        left = [row for row in rows if row.place.index not in lost]
        beside = view.beside(self._seeds.view()) if len(self._seeds) else view
        examined = await self._gated(left, trial, beside)
        found = {index: [Said(WRITTEN, Ruling(False, reason=trouble))] for index, trouble in lost.items()}
        found |= {row.place.index: said for row, said in zip(left, examined, strict=True)}
        of_all = [one for one in self.gate.weigh(rows) if not one.ruling.passed or one.ruling.score is not None]
        in_order = [found[each.order.index] for each in written]
        return [[*said, *of_all] if passed(said) else said for said in in_order]

    async def _gated(self, rows: Sequence[Row], trial: Trial, view: View) -> list[list[Said]]:
        async def examined(row: Row, begun: Sequence[Said]) -> list[Said]:
            return await self.gate.examine(row, _Asker(trial, row.place.index).ask, view, begun)

        begun = [*zip(rows, self.gate.begin(rows, view), strict=True)]
        if not self.gate.asks:
            return [await examined(*each) for each in begun]
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(examined(*each)) for each in begun]
        return [one.result() for one in asked]

    # settle

    def settle(self, trial: Trial, outcome: Outcome, state: State) -> Settlement:
        return Settling(self.brief, trial, outcome, state, self._evaluation).settlement()

    def missed(self, state: State) -> str | None:
        target = self.brief.quotas.target
        if state.accepted >= target:
            return None
        rows = self.brief.quotas.rows
        lacking = ", ".join(f"{label} {state.labels[label]} of {wanted}" for label, wanted in rows.items())
        told = f"{state.accepted} rows were accepted, {target} were asked for" + (f" ({lacking})" if lacking else "")
        if not state.rejected:
            return told
        worst, rows_lost = state.rejected.most_common(1)[0]
        said = state.reasons[worst]
        reason = quote(said, limit=len(said))
        return f"{told}; {rows_lost} of {state.rejected.total()} rejects failed at {worst}, the last because: {reason}"


def _evaluation(brief: Brief) -> Evaluation | None:
    if brief.recipe.evaluation is None:
        return None
    from loopwright.workflows.datagen.evaluating import Evaluation  # noqa: PLC0415 - numpy, which many runs do without

    return Evaluation(brief.recipe.evaluation, brief)


@contextmanager
def _of_arm(arm: str) -> Iterator[None]:
    """What is wrong with what an arm was given is said with its name."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"the arm {arm!r}: {error}") from error


class _Asker:
    """Asks models about one row."""

    def __init__(self, trial: Trial, index: int) -> None:
        self._trial = trial
        self._index = index
        self._count = 0

    async def ask(self, model: str, prompt: str, schema: Fields) -> Reply:
        purpose = f"{CHECK} {self._index}.{self._count}"
        self._count += 1
        seed = self._trial.rng(purpose).bits() & SEEDS
        return await self._trial.ask(model, Request(chat(prompt), seed=seed, schema=schema, purpose=purpose))


def _trouble(written: Written) -> str | None:
    """Why there is no row for the gate to look at."""
    no_row = written.trouble is None and not isinstance(written.data, dict)
    return "what was written is no object with fields" if no_row else written.trouble


def _kept(written: Written) -> Fields:
    """A row as it is stored: what is empty is left out."""
    lineage = {"facts": written.facts, **written.lineage} if written.facts else dict(written.lineage)
    if written.parents:
        lineage[FOLD] = written.parents[0].fold
    data: dict[str, Json] = {"row": written.data, "lineage": lineage}
    return {**data, "usage": written.usage} if written.usage else data
