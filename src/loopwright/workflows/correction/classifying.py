"""The classifier that a spec names: one of the package, one in a file, or one that is fitted when the run starts."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from loopwright.learn.error_classifier import labelled
from loopwright.learn.error_classifier.fitted import named, parse_classifier, plain, read
from loopwright.learn.error_classifier.kinds import EMBEDDED, RULE
from loopwright.learn.error_classifier.labelled import Labelled
from loopwright.learn.error_classifier.protocol import ErrorClassifier
from loopwright.loop.stage import FromFiles, Stages
from loopwright.records import Json
from loopwright.workflows.correction.spec import ClassifierBlock, FitBlock


async def classifier(block: ClassifierBlock, said: labelled.Said, stages: Stages) -> ErrorClassifier:
    """What was read or fitted once is kept in the run, whatever becomes of the files."""
    if block.fit is None and block.path in (EMBEDDED, RULE):
        return named(block.path, stages.base)

    reads = cast(Json, block.model_dump(mode="json", exclude={"logprobs"}))
    files = _read(block.path, stages.base) if block.fit is None else _fitted(block.fit, said, stages.base)
    return parse_classifier(await stages.read("classifier", reads, files), "the run's classifier")


def _read(path: str, base: Path) -> FromFiles:
    return FromFiles(path, lambda: plain(read((base / path).resolve())))


def _fitted(block: FitBlock, said: labelled.Said, base: Path) -> FromFiles:
    def rows() -> list[Labelled]:
        return [row for source in block.sources for row in labelled.read((base / source).resolve(), said)]

    def made(rows: list[Labelled]) -> Json:
        from loopwright.learn.error_classifier.fitting import How, fit  # noqa: PLC0415 - most runs fit none

        return plain(fit(rows, How(block.kind, block.embedder), {"sources": list(block.sources)}))

    return FromFiles(", ".join(block.sources), rows, made)
