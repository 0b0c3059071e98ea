"""Ways to write rows, one file each. Here is the `kind` table; a plugin adds a member under `generator.KIND`."""

from __future__ import annotations

from contextlib import suppress
from typing import cast

from loopwright.errors import SpecError, UsageError
from loopwright.kinds import Kinds
from loopwright.spec.named import configured
from loopwright.spec.paths import Path
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators.protocol import Way
from loopwright.workflows.datagen.spec import ArmBlock

_HERE = "loopwright.workflows.datagen.generators"

GENERATORS = Kinds(
    "generator",
    {
        "naive": f"{_HERE}.naive:Naive",
        "templater": f"{_HERE}.templater:Templater",
        "examples": f"{_HERE}.examples:Examples",
        "verbalized": f"{_HERE}.verbalized:Verbalized",
        "evolve": f"{_HERE}.evolve:Evolve",
        "retrieval": f"{_HERE}.retrieval:Retrieval",
        "target_errors": f"{_HERE}.target_errors:TargetErrors",
        "chain": f"{_HERE}.chain:Chain",
        "repair": f"{_HERE}.repair:Repair",
    },
)


def way(arm: ArmBlock, place: Path) -> Way:
    """What an arm names, with its parameters checked; `place` is where the arm stands."""
    return cast(Way, configured(GENERATORS.load(arm.kind), dict(arm.params), (*place, "params")))


def begins(arm: ArmBlock, brief: Brief) -> bool | None:
    """Whether the arm can write before any row has settled; None where it is not sound."""
    try:
        return way(arm, ()).begins(brief)
    except (SpecError, UsageError):
        return None


def asked_for_json(brief: Brief) -> tuple[str, ...]:
    """The models of sound arms that are asked for JSON, as their validators ask for it."""
    asked: list[str] = []
    for arm in brief.arms:
        with suppress(SpecError, UsageError):
            asked += way(arm, ()).asks(model_of(arm, brief))
    return tuple(dict.fromkeys([*asked, *brief.asked_for_json]))


def model_of(arm: ArmBlock, brief: Brief) -> str | None:
    return arm.model or brief.writer
