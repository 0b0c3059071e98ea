"""How the rows of each label may vary: a model plans it once, before the first batch; every call draws from the plan."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from loopwright.errors import BadAnswer, CallError, EndpointDown, Rejected
from loopwright.llm import prompts
from loopwright.llm.quoting import quote
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Place
from loopwright.policy.keyed import Keyed
from loopwright.records import Fields, Json
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators.asking import Pen, Sampling

PLANNED = {"facets": "facet", "personas": "persona", "tones": "tone", "formats": "format"}
"""What a plan lists, and the fact of a row that is drawn from each list."""

_LISTED: Fields = {"type": "array", "items": {"type": "string"}}
PLAN_SCHEMA: Fields = {
    "type": "object",
    "properties": dict.fromkeys(PLANNED, _LISTED),
    "required": list(PLANNED),
    "additionalProperties": False,
}


class Plans:
    """Of each label, so many entries of each list; none where that is 0."""

    def __init__(self, brief: Brief, model: str, entries: int) -> None:
        self._brief = brief
        self._pen = Pen(model, Sampling())
        self._entries = entries
        self._plans: dict[str | None, Mapping[str, list[str]]] = {}

    async def prepare(self, stages: Stages) -> None:
        labels: list[str | None] = [*self._brief.quotas.rows] or [None]
        async with asyncio.TaskGroup() as group:
            for label in labels if self._entries else ():
                group.create_task(self._prepare(label, stages))

    async def _prepare(self, label: str | None, stages: Stages) -> None:
        prompt = self._prompt(label)
        name = f"plan {self._pen.model}" + ("" if label is None else f" {label}")
        reads: Fields = {"prompt": prompt, "model": self._pen.model}
        planned: Any = await stages.run(name, reads, partial(self._plan, prompt, label, stages.notice))
        self._plans[label] = planned

    def _prompt(self, label: str | None) -> str:
        facts = self._brief.told({} if label is None else {"label": label})
        description = self._brief.recipe.task.description
        return prompts.render("plan", description=description, facts=facts, count=str(self._entries))

    async def _plan(self, prompt: str, label: str | None, tell: Callable[[str], None], place: Place) -> Json:
        """An empty plan where the model gives none; an endpoint that cannot be reached is not its fault."""
        try:
            data: Any = (await self._pen.ask(place, prompt, "plan", PLAN_SCHEMA)).reply.data
        except (BadAnswer, Rejected) as error:
            rows = "rows" if label is None else f"rows of {label}"
            why = quote(str(error), limit=200)
            tell(f"warning: {self._pen.model} gave no plan, and its {rows} vary by chance alone: {why}")
            return {}
        except CallError as error:
            raise EndpointDown(f"{self._pen.model} could not be asked for a plan: {error}") from error
        return {name: [" ".join(each.split()) for each in data[name] if each.strip()] for name in PLANNED}

    def drawn(self, label: str | None, rng: Keyed) -> dict[str, str]:
        """What the rows of one answer are to be: of what the recipe leaves open, one of each list of the plan."""
        facts = {} if label is None else {"label": label}
        plan = self._plans.get(label, {})
        fixed = self._brief.facts
        for listed, name in PLANNED.items():
            if plan.get(listed) and name not in fixed:
                facts[name] = rng.choice(plan[listed])
        return facts
