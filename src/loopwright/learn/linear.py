"""Linear models of scikit-learn: on weighted counts of words, or on embeddings. Quick, and alike in every process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Any, ClassVar, cast

from pydantic import Field

from loopwright.learn.protocol import Classifier, Goal, Regressor, Target, constant
from loopwright.spec.blocks import Block
from loopwright.text.named import EmbedderName, embedder
from loopwright.text.words import words

_STEPS = 2000


class Tfidf(Block):
    """Logistic regression on TF-IDF of words and pairs of words."""

    goal: ClassVar[Goal] = "classification"
    paid: ClassVar[bool] = False

    strength: Annotated[float, Field(gt=0, description="the inverse of the penalty, scikit-learn's C")] = 10.0

    def fit(self, texts: Sequence[str], targets: Sequence[Target]) -> Classifier:
        if len(set(targets)) < 2 or not any(map(words, texts)):
            return constant(targets)
        counts = _counts()
        return _logistic(counts.fit_transform(texts), targets, self.strength, counts.transform)


class Embeddings(Block):
    """Logistic regression on embeddings."""

    goal: ClassVar[Goal] = "classification"
    paid: ClassVar[bool] = False

    embedder: EmbedderName = "lexical"
    strength: Annotated[float, Field(gt=0, description="the inverse of the penalty, scikit-learn's C")] = 10.0

    def fit(self, texts: Sequence[str], targets: Sequence[Target]) -> Classifier:
        if len(set(targets)) < 2:
            return constant(targets)
        embed = embedder(self.embedder).embed
        return _logistic(embed(texts), targets, self.strength, embed)


class Ridge(Block):
    """Ridge regression on TF-IDF of words and pairs of words, for targets that are numbers."""

    goal: ClassVar[Goal] = "regression"
    paid: ClassVar[bool] = False

    penalty: Annotated[float, Field(gt=0, description="how far coefficients are held back, scikit-learn's alpha")] = 1.0

    def fit(self, texts: Sequence[str], targets: Sequence[Target]) -> Regressor:
        numbers = [float(target) for target in targets]
        if not any(map(words, texts)):
            mean = sum(numbers) / len(numbers)
            return Regressor(lambda some: [mean] * len(some))
        from sklearn.linear_model import Ridge as Regression  # noqa: PLC0415 - heavy

        counts = _counts()
        model = Regression(alpha=self.penalty, solver="sparse_cg", tol=1e-8)
        with _one_thread():
            model.fit(counts.fit_transform(texts), numbers)
        return Regressor(_alone(lambda some: model.predict(counts.transform(some)).tolist()))


def _counts() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - heavy

    return TfidfVectorizer(tokenizer=words, token_pattern=None, lowercase=False, ngram_range=(1, 2), sublinear_tf=True)


def _logistic(rows: Any, targets: Sequence[Target], strength: float, seen: Callable[[Sequence[str]], Any]) -> Classifier:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - heavy

    model = LogisticRegression(C=strength, max_iter=_STEPS)
    with _one_thread():
        model.fit(rows, [str(target) for target in targets])
    return Classifier(tuple(map(str, model.classes_)), _alone(lambda texts: model.predict_proba(seen(texts))))


def _alone(asked: Callable[[Sequence[str]], Any]) -> Callable[[Sequence[str]], Any]:
    def alone(texts: Sequence[str]) -> Any:
        with _one_thread():
            return asked(texts)

    return alone


def _one_thread() -> AbstractContextManager[Any]:
    """With several, sums end in other last bits, and small ones take longer."""
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - heavy

    return cast(AbstractContextManager[Any], threadpool_limits(1))
