"""The catalog of workflows. A workflow is a folder here and a line in this table; outside packages add theirs as plugins."""

from __future__ import annotations

from loopwright.kinds import Kinds

KINDS = Kinds(
    "workflow",
    {
        "datagen": "loopwright.workflows.datagen:WORKFLOW",
        "correction": "loopwright.workflows.correction:WORKFLOW",
    },
)
