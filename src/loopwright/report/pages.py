"""What a workflow adds to the report of its runs: the table of sections of its own, by the workflow's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias, cast

from loopwright.kinds import Kinds
from loopwright.report.page import Section
from loopwright.runs.read import Whole
from loopwright.runs.series import Course
from loopwright.store.reader import RunReader

KINDS = Kinds(
    "page",
    {"datagen": "loopwright.report.datagen:sections", "correction": "loopwright.report.correction:sections"},
)


class Shown(NamedTuple):
    """A run in any state. Its rows are read from `reader` by pages, since there may be hundreds of thousands of them."""

    reader: RunReader
    whole: Whole
    course: Course


Pages: TypeAlias = Callable[[Shown], Iterable[Section]]
"""A member of the table: the sections, a pure function of what is stored."""


def own(shown: Shown) -> list[Section]:
    workflow = shown.whole.overview.workflow
    return list(cast(Pages, KINDS.load(workflow))(shown)) if workflow in KINDS.names() else []


def placed(generic: Sequence[Section], mine: Sequence[Section]) -> list[Section]:
    """Each section of a workflow above the generic one that it names, or above them all; the one whose anchor it has goes."""
    replaced = {section.anchor for section in mine}
    kept = [section for section in generic if section.anchor not in replaced]
    places = {section.anchor for section in kept}
    found = [section for section in mine if section.above not in places]
    for section in kept:
        found += [each for each in mine if each.above == section.anchor]
        found.append(section)
    return found
