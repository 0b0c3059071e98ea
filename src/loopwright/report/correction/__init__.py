"""What the report of self-correction shows beside what all runs have: whether asking again helped, which words did, traces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from loopwright.errors import UsageError
from loopwright.report.correction import contexts, conversations, outcome, prediction, words
from loopwright.report.correction.told import Told, told
from loopwright.report.markup import Markup, shortened
from loopwright.report.page import Section, paragraph
from loopwright.report.pages import Shown
from loopwright.workflows.correction.spec import CorrectionSpec


def sections(shown: Shown) -> Iterator[Section]:
    began: Any = shown.reader.meta().get("start") or {}
    try:
        spec = CorrectionSpec.model_validate_json(json.dumps(began.get("spec")))
        found: Told = told(shown, spec)
    except (ValidationError, UsageError) as error:
        said = f"Its spec cannot be read by this version, so that its traces are not shown: {shortened(str(error), 300)}"
        yield Section("outcome", "Outcome", paragraph(said, "notice"))
        return
    parts: list[tuple[str, str, Markup | None]] = [
        ("outcome", "Did asking again help?", outcome.panel(found)),
        ("words", "Which words helped", words.panel(found)),
        ("contexts", "Where it helped", contexts.panel(found)),
        ("prediction", "Error modes and confidence", prediction.panel(found)),
        ("traces", "Traces", conversations.panel(found)),
    ]
    for anchor, title, content in parts:
        if content is not None:
            yield Section(anchor, title, content)
