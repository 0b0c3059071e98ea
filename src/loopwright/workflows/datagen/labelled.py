"""A row as a model learns from it: its text, and the label or number that it stands for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from loopwright.errors import UsageError
from loopwright.kinds import nearest
from loopwright.learn.protocol import Target
from loopwright.quality.row import Row
from loopwright.workflows.datagen.spec import EvaluationBlock, Task


class Labelled(NamedTuple):
    text: str
    target: Target


class Wanted(NamedTuple):
    """The fields that hold a row's text and what it stands for (None: that is not asked for), and whether that is a number."""

    text: str
    label: str | None
    number: bool = False

    @classmethod
    def by(cls, block: EvaluationBlock, task: Task) -> Wanted:
        """What an evaluation looks at in the rows of its dev set."""
        return cls(block.text or task.text, block.label or task.label, block.kind == "regression")

    def of(self, row: Row, place: str) -> Labelled:
        """`place` is what an error calls the row."""
        text = row.text(self.text)
        if text is None:
            raise UsageError(f"{place} has no field {self.text!r}{_hint(self.text, row.data)}")
        if self.label is None:
            return Labelled(text, "")
        label = row.claim(self.label)
        if label is None:
            raise UsageError(f"{place} has no {self.label!r}{_hint(self.label, row.data)}")
        return Labelled(text, self._number(label, place) if self.number else label)

    def _number(self, label: str, place: str) -> float:
        try:
            number = float(label)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise UsageError(f"{place}: {self.label!r} is {label!r:.60}, and a regression needs numbers")
        return number


def labelled(base: Path, file: str, wanted: Wanted) -> list[Labelled]:
    """The rows of a file beside the recipe. Raises UsageError where one has not what is wanted, or there is none."""
    from loopwright.datasets.files import rows  # noqa: PLC0415 - what only a run with an evaluation needs

    place = (base / Path(file).expanduser()).resolve()
    found = [wanted.of(Row(row.fields), row.place) for row in rows(place)]
    if not found:
        raise UsageError(f"evaluation.dev: {place} holds no row")
    return found


def _hint(name: str, data: Mapping[str, Any]) -> str:
    close = nearest(name, data)
    return f"; did you mean {close!r}?" if close else f" (it has: {', '.join(data)})"
