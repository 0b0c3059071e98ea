"""Fits the classifier of a pipeline to labelled answers, by the verbs that its users know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from loopwright.datasets.checkers.final_answer import FINAL_ANSWER
from loopwright.datasets.splits import held_out
from loopwright.errors import UsageError
from loopwright.learn.error_classifier import labelled
from loopwright.learn.error_classifier.fitted import Learned, read, write
from loopwright.learn.error_classifier.fitting import How, fit, say
from loopwright.learn.error_classifier.kinds import Kind
from loopwright.learn.error_classifier.labelled import Labelled
from loopwright.runs.classify import judged
from loopwright.spec.blocks import Block
from loopwright.spec.named import configured


class Config(Block):
    """What a trainer may be told: how answers are looked at, and the share of the questions that it is judged by."""

    kind: Kind = "features"
    embedder: str = "lexical"
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.2


class Prepared(NamedTuple):
    train: list[Labelled]
    validation: list[Labelled]


class ErrorConfidenceTrainer:
    """`config` is a mapping: `kind` (features, tfidf, embeddings, torch), `embedder`, `validation` (0.2)."""

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self._config: Config = configured(Config, dict(config or {}), ("config",))
        self.fitted: Learned | None = None

    def prepare_data(self, source: str | Path) -> Prepared:
        """Labelled answers of a CSV, or traces of a run (JSONL), in two parts: no question is in both, by words or id."""
        rows = labelled.read(Path(source), FINAL_ANSWER.read)
        words = {row.id: row.question for row in reversed(rows)}
        parts = Prepared([], [])
        for row in rows:
            parts[held_out(words[row.id], self._config.validation)].append(row)
        return parts

    def train(self, train: Sequence[Labelled], validation: Sequence[Labelled]) -> dict[str, Any]:
        """How well the classifier, fitted to the first part, does on the second: of all answers, first ones, later ones."""
        how = How(self._config.kind, self._config.embedder)
        self.fitted = fit(train, how)
        metrics: dict[str, Any] = {
            "train_questions": labelled.questions(train),
            "validation_questions": labelled.questions(validation),
        }
        if validation:
            for answers, found in judged(say(self.fitted, validation), how.kind).parts:
                metrics[answers] = {
                    "answers": found.n,
                    "right": found.base,
                    "auroc": None if isnan(found.auroc) else found.auroc,
                    "auroc_within": list(found.auroc_within),
                    "brier": found.brier,
                    "calibration_error": found.error,
                    "calibration_error_by_chance": found.error_by_chance,
                }
        return metrics

    def save_model(self, model_path: str | Path, vectorizer_path: str | Path | None = None) -> None:
        """As JSON, whatever the names end with. How answers are looked at is part of a classifier: both files hold it all."""
        if self.fitted is None:
            raise UsageError("there is no classifier to save yet: train comes first")
        for path in (model_path, vectorizer_path or model_path):
            write(Path(path), self.fitted)


def in_file(model: str | Path | None, vectorizer: str | Path | None) -> dict[str, str]:
    """What a spec says of the classifier in these files, once they have been read and found to be of one classifier."""
    if model is None:
        if vectorizer is not None:
            raise UsageError("classifier_vectorizer_path is of no use without classifier_model_path")
        return {}
    file = Path(model).expanduser().resolve()
    found = read(file)
    if vectorizer is not None and read(Path(vectorizer).expanduser()) != found:
        raise UsageError(f"{model} and {vectorizer} are not of one classifier")
    return {"path": str(file)}
