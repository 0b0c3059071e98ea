"""What is wrong with files that a recipe names, said before a run has paid for calls. Seeds are looked at elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from loopwright.errors import Problem, UsageError
from loopwright.spec.paths import show
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators import passages, way
from loopwright.workflows.datagen.generators.retrieval import Retrieval
from loopwright.workflows.datagen.labelled import Wanted, labelled


def problems(brief: Brief, base: Path) -> Iterator[Problem]:
    evaluation, arms = brief.recipe.evaluation, brief.arms
    if evaluation is not None:
        read = partial(labelled, base, evaluation.dev, Wanted.by(evaluation, brief.recipe.task))
        yield from _tried("evaluation.dev", read)
    for at, arm in enumerate(arms):
        block = way(arm, ("arms", at))
        if isinstance(block, Retrieval):
            read_folder = partial(passages.read, block.folder, base, block.words)
            yield from _tried(show(("arms", at, "params", "folder")), read_folder)


def _tried(place: str, read: Callable[[], object]) -> Iterator[Problem]:
    try:
        read()
    except UsageError as error:
        yield Problem(place, str(error).removeprefix("folder: ").removeprefix("evaluation.dev: "))
