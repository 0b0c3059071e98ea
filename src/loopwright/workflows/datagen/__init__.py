"""Adaptive data generation: from a recipe to a dataset of accepted rows."""

from __future__ import annotations

from loopwright.loop.work import Workflow
from loopwright.workflows.datagen.recipe import Recipe

WORKFLOW = Workflow(
    spec=Recipe,
    work="loopwright.workflows.datagen.trial:Datagen",
    summary="generates rows until enough are accepted",
    outputs="loopwright.workflows.datagen.outputs:write",
    dataset="loopwright.workflows.datagen.publishing.dataset:Dataset",
)
