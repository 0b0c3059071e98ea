"""Fits a classifier to labelled answers, split by question wherever it is judged. scikit-learn is imported when it fits."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from loopwright.errors import UsageError
from loopwright.learn.error_classifier import labelled
from loopwright.learn.error_classifier.features import Features
from loopwright.learn.error_classifier.fitted import PARTS, Fitted, Learned
from loopwright.learn.error_classifier.kinds import Kind
from loopwright.learn.error_classifier.labelled import Labelled, Step, steps
from loopwright.learn.error_classifier.multitask import fit_network
from loopwright.learn.error_classifier.protocol import MODES, Predicted
from loopwright.learn.error_classifier.scale import REACH, Scale, rounded
from loopwright.learn.error_classifier.sight import AS_THEY_ARE, Built, Embedded, Sight, Worded, part_of, terms
from loopwright.learn.error_classifier.softmax import Softmax
from loopwright.records import Json

FOLDS = 5
_STRENGTH = 0.1
_FEWEST_QUESTIONS = 10
_MOST_TERMS, _FEWEST_TEXTS = 5000, 3


class How(NamedTuple):
    """What is fitted, and how."""

    kind: Kind = "features"
    embedder: str = "lexical"


DEFAULT = How()


class Told(NamedTuple):
    """A step, and what a classifier that had not seen its question said of it."""

    step: Step
    predicted: Predicted


def fit(rows: Sequence[Labelled], how: How = DEFAULT, about: dict[str, Json] | None = None) -> Learned:
    """To all of them; the same rows in the same order give the same classifier."""
    questions = labelled.questions(rows)
    if questions < _FEWEST_QUESTIONS:
        raise UsageError(f"{questions} questions with known answers are too few to learn from; it takes {_FEWEST_QUESTIONS}")
    found = list(steps(rows))
    kept: dict[str, Json] = {"kind": how.kind, "questions": questions, "answers": len(found), **(about or {})}
    if how.kind == "torch":
        return fit_network(found, kept)
    sight = _sight(rows, how)
    seen = [sight.see(step.question, step.answers) for step in found]
    parts = {}
    for part in PARTS:
        places = [at for at, step in enumerate(found) if part_of(step.answers) == part]
        parts[part] = _part([seen[at] for at in places], [_class(found[at], part) for at in places])
    return Fitted(sight, parts, kept)


def crossed(rows: Sequence[Labelled], how: How = DEFAULT) -> list[Told]:
    """Every answer as one sees it who was fitted to other questions: five folds by question, in the order of their ids."""
    ids = {id: place % FOLDS for place, id in enumerate(sorted({row.id for row in rows}))}
    told: list[Told] = []
    for fold in range(FOLDS):
        fitted = fit([row for row in rows if ids[row.id] != fold], how)
        told += say(fitted, [row for row in rows if ids[row.id] == fold])
    return told


def say(classifier: Any, rows: Sequence[Labelled]) -> list[Told]:
    return [Told(step, classifier.predict(step.question, step.answers)) for step in steps(rows)]


def _class(step: Step, part: str) -> str:
    return step.mode if part == "changed" else "right" if step.right else "wrong"


def _sight(rows: Sequence[Labelled], how: How) -> Sight:
    if how.kind == "features":
        return Built()
    if how.kind == "embeddings":
        return Embedded(how.embedder)
    texts = [set(terms(f"{row.question}\n{answer.text}")) for row in rows for answer in row.answers]
    counts = Counter(term for text in texts for term in text)
    by_count = sorted(counts, key=lambda term: (-counts[term], term))  # a set has no order that is the same in two processes
    common = [term for term in by_count[:_MOST_TERMS] if counts[term] >= _FEWEST_TEXTS]
    return Worded({term: math.log((1 + len(texts)) / (1 + counts[term])) + 1.0 for term in sorted(common)})


def _part(seen: Sequence[Features], classes: Sequence[str]) -> Softmax:
    """Logistic regression. Where there is but one class, or nothing to learn from, what was seen most often is said."""
    order = [name for name in (*MODES, "right", "wrong") if name in set(classes)]
    if len(order) < 2:
        return Softmax(tuple(order) or ("wrong",), Scale(), ((),), (0.0,), len(classes))
    import numpy as np  # noqa: PLC0415 - heavy
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - heavy

    names = sorted({name for each in seen for name in each})
    table = np.array([[each.get(name, 0.0) for name in names] for each in seen])
    middles, spreads = table.mean(axis=0), table.std(axis=0)
    kept = np.flatnonzero(spreads > 1e-9)
    as_they_are = [at for at, name in enumerate(names) if name.startswith(AS_THEY_ARE)]
    middles[as_they_are], spreads[as_they_are] = 0.0, 1.0  # of thousands, each is rare: no one of them is to count for much
    middles, spreads = middles[kept], spreads[kept]
    model = LogisticRegression(C=_STRENGTH, max_iter=2000, tol=1e-6)
    model.fit(((table[:, kept] - middles) / spreads).clip(-REACH, REACH), [order.index(name) for name in classes])
    weights, bias = model.coef_, model.intercept_
    if len(order) == 2:
        weights, bias = np.vstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    scale = Scale(tuple(names[at] for at in kept), rounded(middles), rounded(spreads))
    return Softmax(tuple(order), scale, tuple(map(rounded, weights)), rounded(bias), len(classes))
