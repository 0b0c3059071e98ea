"""What is wrong with files that a recipe names, said before a run has paid for calls. Seeds are looked at elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from loopwright.errors import Problem, UsageError
from loopwright.spec import paths
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.generators import passages, way
from loopwright.workflows.datagen.generators.chain import Chain
from loopwright.workflows.datagen.generators.retrieval import Retrieval
from loopwright.workflows.datagen.labelled import Wanted, labelled


def problems(brief: Brief, base: Path) -> Iterator[Problem]:
    evaluation = brief.recipe.evaluation
    if evaluation is not None:
        read = partial(labelled, base, evaluation.dev, Wanted.by(evaluation, brief.recipe.task))
        yield from _tried("evaluation.dev", read)
    for at, arm in enumerate(brief.arms):
        place: paths.Path = ("arms", at, "params", "folder")
        block = way(arm, ("arms", at))
        if isinstance(block, Chain):
            place, block = ("arms", at, "params", "chain", 0), block.chain[0].way(0)
        if isinstance(block, Retrieval):
            yield from _tried(paths.show(place), partial(passages.read, block.folder, base, block.words))


def _tried(place: str, read: Callable[[], object]) -> Iterator[Problem]:
    try:
        read()
    except UsageError as error:
        yield Problem(place, str(error).removeprefix("folder: ").removeprefix("evaluation.dev: "))
