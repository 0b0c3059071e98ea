"""Questions that a Python program streams: named in the spec of its run, and known to that program alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from loopwright.errors import UsageError
from loopwright.records import Example
from loopwright.spec.blocks import Block


class Python(Block):
    checker: ClassVar[str] = "final_answer"

    name: Annotated[str, Field(min_length=1, description="what records call it")]

    def examples(self, base: Path) -> Iterator[Example]:
        raise UsageError(f"the questions of {self.name!r} come from a Python program: start that program again")
