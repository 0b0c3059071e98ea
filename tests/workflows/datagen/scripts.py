"""What generators are given in tests: a model that answers every prompt of theirs, and rows that they may build on."""

from __future__ import annotations

import json

from tests.workflows.datagen.writers import sentence

from loopwright.errors import Overloaded
from loopwright.llm import prompts, structured
from loopwright.llm.messages import Reply, Request, Usage
from loopwright.quality.gate import View
from loopwright.workflows.datagen.material import ByLabel, Material, Past

LABELS = ("refund", "delivery", "account")


def rows(count: int, *, reason: str | None = None, labels: tuple[str, ...] = LABELS) -> ByLabel:
    """So many of each label, no two alike."""
    start = 900 if reason else 100
    return {
        label: tuple(
            Past(
                f"{start + at}.{place}",
                {"text": f"{sentence(6, label, at)} {label}", "label": label},
                {"label": label},
                reason=reason,
            )
            for at in range(count)
        )
        for place, label in enumerate(labels)
    }


def material(accepted: int = 20, rejected: int = 20) -> Material:
    return Material(rows(accepted), rows(rejected, reason="length: 6 words, at most 5"), View({}))


class Script:
    """Answers as a model would whose words follow from the request; the calls of some purposes fail."""

    def __init__(self, fails: str | None = None) -> None:
        self.fails = fails
        self.asked: list[Request] = []

    async def ask(self, model: str, request: Request, step: int = 0) -> Reply:
        self.asked.append(request)
        if self.fails is not None and request.purpose.startswith(self.fails):
            raise Overloaded("too busy")
        text = self.answer(request)
        data = None if request.schema is None else structured.read(request.schema, text)
        return Reply(text, "m", usage=Usage(10, 7), data=data)

    def answer(self, request: Request) -> str:
        found = prompts.recognise(request.messages[-1].content)
        assert found is not None
        said = f"words {request.seed} about {prompts.read_facts(found.slots.get('facts', '')).get('label')}"
        rows = [{"text": f"{said} {place}"} for place in range(int(found.slots.get("count", 1)))]
        if found.job == "fill_slot":
            return said
        return json.dumps(rows[0] if found.job in ("write_row", "evolve_row", "repair_row") else {"rows": rows})
