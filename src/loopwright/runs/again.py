"""The spec of a run that exists, read again from its folder, with what may have been set since."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from loopwright.errors import RunNotFound, UsageError
from loopwright.runs.check import Checked, check
from loopwright.runs.folder import RunFolder
from loopwright.spec.blocks import RunSpec
from loopwright.store.reader import noted


class Again(NamedTuple):
    """`base` is where files that the spec names are looked for, `sets` all that was ever set."""

    checked: Checked
    base: Path
    sets: tuple[str, ...]


def again(folder: RunFolder, sets: Sequence[str] = ()) -> Again:
    """`sets` may change only what does not change the run's result: budgets, limits, output, ..."""
    began = noted(folder.store).get("start")
    if began is None:
        raise RunNotFound(f"{folder.path} was never started: its store holds no spec")
    all_sets = _latest((*began["sets"], *sets))
    checked = check(folder.spec, all_sets, began["spec"])
    if checked.digest != began["digest"]:
        raise UsageError(
            f"with {' '.join(sets) or 'its spec as it is now'} this would be another run than {folder.name}: "
            "only what does not change a result (budget, limits, addresses, ...) may change"
        )
    return Again(checked, Path(began["base"]), all_sets)


def located(folder: RunFolder, spec: RunSpec, base: Path) -> RunSpec:
    """The spec with what its files said when the run first started; where it has not, with what they say now."""
    began = noted(folder.store).get("start")
    return spec.located(base, None if began is None else type(spec).model_validate_json(orjson.dumps(began["spec"])))


def _latest(sets: Sequence[str]) -> tuple[str, ...]:
    """The settings without those that a later one repeats, in the order in which they were last given."""
    latest: dict[str, str] = {}
    for given in sets:
        path = given.partition("=")[0]
        latest.pop(path, None)
        latest[path] = given
    return tuple(latest.values())
