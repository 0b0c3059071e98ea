"""Entailment by a small model made for it: a cross-encoder for natural language inference, from a local folder.

Needs the extra `nli`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from loopwright.errors import ExtraMissing, UsageError


class _Encoder(NamedTuple):
    model: Any
    entailment: int


def entails(folder: str, premise: str, hypothesis: str) -> float:
    """The probability that the hypothesis follows."""
    encoder = loaded(folder)
    return float(encoder.model.predict([(premise, hypothesis)], apply_softmax=True)[0][encoder.entailment])


@cache
def loaded(folder: str) -> _Encoder:
    """The model. Raises ExtraMissing or UsageError where it cannot be used."""
    try:
        encoders = import_module("sentence_transformers")
    except ImportError:
        raise ExtraMissing("nli", "entailment by an NLI model") from None
    try:
        model = encoders.CrossEncoder(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder} holds no cross-encoder that can be loaded: {error}") from error
    labels = {str(label).lower(): int(place) for place, label in model.config.id2label.items()}
    if "entailment" not in labels:
        raise UsageError(f"{folder} is no model for entailment: its labels are {', '.join(labels)}")
    return _Encoder(model, labels["entailment"])
