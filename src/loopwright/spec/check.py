"""What the blocks of a spec must agree on among themselves, whatever the workflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from loopwright.errors import Problem
from loopwright.kinds import nearest
from loopwright.spec.blocks import ModelBlock, RunSpec
from loopwright.spec.paths import show


def cross_check(spec: RunSpec) -> list[Problem]:
    return [
        *_repeated(spec.models),
        *_references(spec.models, "fallback"),
        *_references(spec.models, "of"),
    ]


def _repeated(models: Sequence[ModelBlock]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for at, model in enumerate(models):
        if first.setdefault(model.id, at) != at:
            place = show(("models", first[model.id]))
            yield Problem(show(("models", at, "id")), f"is the id of {place} too", "an id of its own")


def _references(models: Sequence[ModelBlock], field: str) -> Iterator[Problem]:
    """Every model named in `field` is there, and following the names ends somewhere."""
    target: Mapping[str, str | None] = {model.id: getattr(model, field) for model in models}
    for at, model in enumerate(models):
        name = getattr(model, field)
        path = show(("models", at, field))
        if name is not None and name not in target:
            expected = f"one of {', '.join(target)}"
            yield Problem(path, "names a model that is not there", expected, nearest(name, target))
        elif _returns(model.id, target):
            yield Problem(path, f"leads back to {model.id}", "a chain that ends")


def _returns(start: str, target: Mapping[str, str | None]) -> bool:
    at = target.get(start)
    for _ in target:
        if at is None or at == start:
            break
        at = target.get(at)
    return at == start
