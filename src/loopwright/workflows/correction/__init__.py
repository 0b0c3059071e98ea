"""Multi-pass self-correction: after every answer a policy decides whether to ask again, and with which words.

From Python it is used by the names in `API`, which are imported when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from loopwright.loop.work import Workflow
from loopwright.workflows.correction.spec import CorrectionSpec

WORKFLOW = Workflow(
    spec=CorrectionSpec,
    work="loopwright.workflows.correction.trial:Correction",
    summary="asks again where that pays, and stops where it does not",
    outputs="loopwright.workflows.correction.outputs:write",
    glance="loopwright.workflows.correction.glance:glance",
)

# Nothing here depends on these modules: most of them stand above the workflows, because they start runs. The names are here
# because this is where users of the Python API look for them.
API = {
    "AnthropicProvider": "loopwright.runs.correcting.providers",
    "DatasetStreamer": "loopwright.runs.correcting.streaming",
    "ErrorConfidenceTrainer": "loopwright.runs.correcting.training",
    "LLMProvider": "loopwright.runs.correcting.providers",
    "OpenAIProvider": "loopwright.runs.correcting.providers",
    "RTSAction": "loopwright.runs.correcting.policy",
    "RTSContext": "loopwright.runs.correcting.policy",
    "RTSPolicy": "loopwright.runs.correcting.policy",
    "ScalePipeline": "loopwright.runs.correcting.pipeline",
    "SentenceTransformerLLM": "loopwright.runs.correcting.providers",
    "TraceRecord": "loopwright.workflows.correction.records",
    "TurnRecord": "loopwright.workflows.correction.records",
}


def __getattr__(name: str) -> Any:
    module = API.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(module), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *API})
