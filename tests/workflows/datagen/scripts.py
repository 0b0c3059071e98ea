"""What generators are given in tests: a model that answers every prompt of theirs, and rows that they may build on."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.workflows.datagen.writers import sentence

from loopwright.errors import Overloaded
from loopwright.llm import prompts, structured
from loopwright.llm.messages import Reply, Request, Usage
from loopwright.loop.stage import FromFiles
from loopwright.loop.trial import Place
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
    return Material(
        rows(accepted), rows(rejected, reason="length: 6 words, at most 5"), View({}), rows(rejected, reason="another label")
    )


PASSAGES = {
    "mills.md": "# Mills\n\nThe elm mill opened in 1873.\n\n# Bridges\n\nThe old bridge has 4 arches.",
    "more/ferry.txt": "No ferry.",
}


class Steps:
    """Stages that keep nothing."""

    def __init__(self, script: Script, base: Path) -> None:
        self._script = script
        self.base = base
        self.notice = print
        for name, text in PASSAGES.items():
            (base / "texts" / name).parent.mkdir(parents=True, exist_ok=True)
            (base / "texts" / name).write_text(text)

    async def run(self, name: str, reads: Any, work: Callable[[Place], Awaitable[Any]]) -> Any:
        return json.loads(json.dumps(await work(Place(-1, 7, self._script))))

    async def read(self, name: str, reads: Any, files: FromFiles) -> Any:
        return files.make(files.read())


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
        job, slots = found
        said = f"words {request.seed} about {prompts.read_facts(slots.get('facts', '')).get('label')}"
        rows: list[dict[str, Any]] = [{"text": f"{said} {place}"} for place in range(int(slots.get("count", 1)))]
        for place, row in enumerate(rows):
            if job == "write_verbalized":
                row["probability"] = place / 100
            if job == "write_grounded":
                id, text = slots["passages"].split("]\n")[0].removeprefix("["), slots["passages"].split("]\n")[1]
                row |= {"passage": id, "evidence": text.split("\n")[0]}
        plan = {name: ["one", "two"] for name in ("facets", "personas", "tones", "formats")}
        single: dict[str, Any] = {
            "plan": plan,
            "write_row": rows[0],
            "evolve_row": rows[0],
            "repair_row": rows[0],
            "answerable": {"reason": "", "answerable": True},
        }
        return said if job == "fill_slot" else json.dumps(single.get(job, {"rows": rows}))
