"""A small workflow's spec, as a workflow room would declare it."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field

from loopwright.spec.blocks import INCIDENTAL, Block, Limits, Named, RunSpec


class Batch(Block):
    size: Annotated[int, Field(ge=1)] = 8
    ratio: float = 0.5


class Garden(RunSpec):
    workflow: Literal["garden"] = "garden"
    window: Annotated[int, Field(ge=1)] = 6
    batch: Batch = Batch()
    checks: tuple[Named, ...] = ()
    weights: dict[str, float] = Field(default_factory=dict)
    marks: tuple[int, ...] = ()
    beds: dict[str, Limits] = Field(default_factory=dict)
    label: Annotated[str | None, INCIDENTAL] = None


@pytest.fixture
def garden() -> type[RunSpec]:
    return Garden
