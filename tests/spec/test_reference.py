"""The reference lists every field there is, and marks those that the digest leaves out."""

from __future__ import annotations

import re
from pathlib import Path

from loopwright.spec.blocks import Budget, Incidental, Limits, ModelBlock, Pricing, RunSpec

PAGE = (Path(__file__).parents[2] / "docs/spec.md").read_text()


def test_every_field_is_in_the_tables_and_marked_right() -> None:
    listed = re.findall(r"^\| `(\w+)`( ○)? \|", PAGE, re.M)
    fields = [
        (name, " ○" if any(isinstance(mark, Incidental) for mark in field.metadata) else "")
        for block in (RunSpec, ModelBlock)
        for name, field in block.model_fields.items()
    ]
    assert listed == fields


def test_every_part_of_a_block_is_named() -> None:
    names = {name for block in (Limits, Pricing, Budget) for name in block.model_fields}
    assert {name for name in names if f"`{name}`" not in PAGE} == set()
