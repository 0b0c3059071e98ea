"""What the report of data generation shows beside what all runs have: the dataset, where rows fell, labels, arms, rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from loopwright.errors import UsageError
from loopwright.report.datagen import arms, dataset, diversity, funnel, labels, rows, wordings, worth
from loopwright.report.datagen.made import Made
from loopwright.report.datagen.tally import tallied
from loopwright.report.markup import Markup, shortened
from loopwright.report.page import Section, paragraph
from loopwright.report.pages import Shown
from loopwright.workflows.datagen.recipe import Recipe


def sections(shown: Shown) -> Iterator[Section]:
    began: Any = shown.reader.meta().get("start") or {}
    try:
        recipe = Recipe.model_validate_json(json.dumps(began.get("spec")))
        made = Made.of(shown, recipe, tallied(shown.reader, recipe, shown.whole.overview.counts.trials))
    except (ValidationError, UsageError) as error:
        told = f"Its recipe cannot be read by this version, so that its rows are not shown: {shortened(str(error), 300)}"
        yield Section("dataset", "Dataset", paragraph(told, "notice"))
        return
    parts: list[tuple[str, str, Markup | None]] = [
        ("dataset", "Dataset", dataset.panel(made)),
        ("verdicts", "From written to accepted", funnel.panel(made)),
        ("labels", "Labels", labels.panel(made)),
        ("diversity", "Diversity and length", diversity.panel(made)),
        ("map", "Map", wordings.panel(made)),
        ("worth", "Worth on real rows", worth.panel(made)),
        ("rows", "Rows", rows.panel(made)),
        ("arms", "Arms", arms.panel(made)),
    ]
    for anchor, title, content in parts:
        if content is not None:
            yield Section(anchor, title, content)
