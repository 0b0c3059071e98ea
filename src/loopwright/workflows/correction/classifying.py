"""The classifier that a spec names: one of the package, one in a file, or one that is fitted when the run starts."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import cast

from loopwright.learn.error_classifier import labelled
from loopwright.learn.error_classifier.fitted import named, parse_classifier, plain, read
from loopwright.learn.error_classifier.kinds import EMBEDDED, RULE
from loopwright.learn.error_classifier.protocol import ErrorClassifier
from loopwright.loop.stage import Stages
from loopwright.loop.trial import Place
from loopwright.records import Json
from loopwright.workflows.correction.spec import ClassifierBlock


async def classifier(block: ClassifierBlock, said: labelled.Said, stages: Stages) -> ErrorClassifier:
    """What was read or fitted once is kept in the run, whatever becomes of the files."""
    if block.fit is None and block.path in (EMBEDDED, RULE):
        return named(block.path, stages.base)

    reads = cast(Json, block.model_dump(mode="json", exclude={"logprobs"}))
    found = await stages.run("classifier", reads, partial(_made, block, said, stages.base))
    return parse_classifier(found, "the run's classifier")


async def _made(block: ClassifierBlock, said: labelled.Said, base: Path, _: Place) -> Json:
    if block.fit is None:
        return plain(read((base / block.path).resolve()))
    from loopwright.learn.error_classifier.fitting import How, fit  # noqa: PLC0415 - most runs fit none

    rows = [row for source in block.fit.sources for row in labelled.read((base / source).resolve(), said)]
    return plain(fit(rows, How(block.fit.kind, block.fit.embedder), {"sources": list(block.fit.sources)}))
