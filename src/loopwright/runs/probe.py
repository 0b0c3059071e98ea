"""Asks every model of a spec one short question, to see that it answers before a run depends on it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from loopwright.llm.probe import Report, probe
from loopwright.runs.check import Checked, check
from loopwright.runs.live import opened


def probe_models(file: Path, sets: Sequence[str] = ()) -> list[Report]:
    """What each model answered, in the order of the spec."""
    return asyncio.run(_probe(check(file, sets), file.resolve().parent))


async def _probe(checked: Checked, base: Path) -> list[Report]:
    blocks = checked.spec.models
    async with opened(blocks, base) as providers:
        return list(await asyncio.gather(*(probe(providers[block.id], block) for block in blocks)))
