"""Multi-pass self-correction: after every answer a policy decides whether to ask again, and with which words."""

from __future__ import annotations

from loopwright.loop.work import Workflow
from loopwright.workflows.correction.spec import CorrectionSpec

WORKFLOW = Workflow(
    spec=CorrectionSpec,
    work="loopwright.workflows.correction.trial:Correction",
    summary="asks again where that pays, and stops where it does not",
    outputs="loopwright.workflows.correction.outputs:write",
)
