"""What a workflow adds to the report of its runs: the table of sections of its own, by the workflow's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias, cast

from loopwright.kinds import Kinds
from loopwright.report.page import Section
from loopwright.runs.read import Whole
from loopwright.runs.series import Course
from loopwright.store.reader import RunReader

KINDS = Kinds("page", {})


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
    """Each section of a workflow above the generic one that it names; in the place of one whose anchor it has."""
    anchors = [section.anchor for section in generic]
    instead = {section.anchor: section for section in mine if section.anchor in anchors}
    found = [section for section in mine if section.anchor not in anchors and section.above not in anchors]
    for section in generic:
        found += [each for each in mine if each.above == section.anchor and each.anchor not in anchors]
        found.append(instead.get(section.anchor, section))
    return found
