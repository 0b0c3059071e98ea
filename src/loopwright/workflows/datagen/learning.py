"""What learns in the evaluations of a recipe; checking that loads no more than a spec needs."""

from __future__ import annotations

from loopwright.errors import UsageError
from loopwright.learn import build
from loopwright.learn.protocol import Learner
from loopwright.spec.blocks import Named
from loopwright.workflows.datagen.spec import EvaluationBlock

_USUAL = {"classification": "tfidf", "regression": "ridge"}


def learner(block: EvaluationBlock) -> Learner:
    named = block.model or Named(kind=_USUAL[block.kind])
    found = build(named, "evaluation.model")
    if found.paid:
        raise UsageError(
            f"evaluation.model: {named.kind} costs money that no budget counts, and would be trained again and again"
        )
    if found.goal != block.kind:
        raise UsageError(f"evaluation.model: {named.kind} is for a {found.goal}, and evaluation.kind is {block.kind}")
    return found
