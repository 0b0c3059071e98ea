"""The recipe as the rest of the package knows it: what is written, with what follows from it and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from loopwright.errors import Problem
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.checks import doubts, problems
from loopwright.workflows.datagen.generators import asked_for_json
from loopwright.workflows.datagen.notes import notes
from loopwright.workflows.datagen.spec import RecipeBlock


class Recipe(RecipeBlock):
    """Generates rows until enough are accepted, and learns meanwhile which way of writing pays."""

    @cached_property
    def brief(self) -> Brief:
        """What follows from it."""
        return Brief(self)

    def choices(self) -> int:
        return len(self.brief.arms)

    def problems(self) -> Iterable[Problem]:
        return problems(self, self.brief)

    def doubts(self, base: Path) -> Iterable[str]:
        return doubts(self, self.brief, base)

    def notes(self) -> Iterable[str]:
        return notes(self, self.brief)

    def asks_for_json(self) -> tuple[str, ...]:
        return asked_for_json(self.brief)
