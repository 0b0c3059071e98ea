"""What a learner is: parameters that come, with texts and what they stand for, to a model that is asked about other texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Table: TypeAlias = "NDArray[np.float64]"
"""A row for each text, a column for each label."""

Goal: TypeAlias = Literal["classification", "regression"]
Target: TypeAlias = str | float
"""A label, or a number."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """A fitted model of labels, which are in alphabetical order."""

    labels: tuple[str, ...]
    probabilities: Callable[[Sequence[str]], Table]

    def predict(self, texts: Sequence[str]) -> list[Target]:
        """The likeliest label of each text, the first of several."""
        return [self.labels[place] for place in self.probabilities(texts).argmax(axis=1)] if texts else []


@dataclass(frozen=True, slots=True)
class Regressor:
    """A fitted model of numbers."""

    value: Callable[[Sequence[str]], Sequence[float]]

    def predict(self, texts: Sequence[str]) -> list[Target]:
        return [float(value) for value in self.value(texts)] if texts else []


Model: TypeAlias = Classifier | Regressor


class Learner(Protocol):
    """`paid` ones call a service that costs money: nothing starts them but a user who names them."""

    goal: ClassVar[Goal]
    paid: ClassVar[bool]

    def fit(self, texts: Sequence[str], targets: Sequence[Target]) -> Model:
        """The same model for the same rows in the same order, whatever runs beside it."""
        ...


def constant(targets: Sequence[Target]) -> Classifier:
    """What there is to learn where all texts have one label, or none has a word: the shares of the labels."""
    counts = Counter(map(str, targets))
    labels = tuple(sorted(counts))
    shares = [counts[label] / len(targets) for label in labels]
    return Classifier(labels, lambda texts: _table([shares] * len(texts)))


def _table(rows: Any) -> Table:
    import numpy as np  # noqa: PLC0415 - checking a spec does without

    return np.array(rows, float)
