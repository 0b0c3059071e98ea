"""Figures are what they are said to be, and the shipped model still does, through the provider, what its card says."""

from __future__ import annotations

from random import Random

import pytest

from loopwright.llm.tiny.form import INTENTS
from training.tiny.answers import Speaker
from training.tiny.desk import Wish, utter
from training.tiny.evaluate import SHIPPED, figure_table
from training.tiny.figure import Figure, auroc, course, share
from training.tiny.figures import Evaluation
from training.tiny.intent_check import RULES, IntentCheck

WEIGHTS = SHIPPED / "weights.npz"
shipped = pytest.mark.skipif(not WEIGHTS.exists(), reason="no weights are shipped yet")


def test_a_share_meets_its_goal_or_misses_it() -> None:
    right = [True] * 90 + [False] * 10
    assert share("right", right, ">= 0.90").met is True
    assert share("right", right, "<= 0.65").met is False
    assert share("right", right).met is None
    assert "| right | 0.900 | 0.826 to 0.945 | 100 | >= 0.90: met |" in figure_table([share("right", right, ">= 0.90")])


def test_auroc_is_the_chance_that_a_right_one_scores_more() -> None:
    figure = auroc("sure", [True, True, False, False], [0.9, 0.4, 0.5, 0.1], ">= 0.80")
    assert figure.value == pytest.approx(0.75)
    assert figure.met is False
    assert auroc("all right", [True, True], [0.1, 0.2], ">= 0.80").met is False


def test_a_course_is_steady_and_sure() -> None:
    def at(*shares: int) -> list[Figure]:
        return [share("right", [place < passed for place in range(1000)]) for passed in shares]

    assert course("falls", at(900, 898, 700), -1).met is True
    assert course("falls", at(900, 950, 700), -1).met is False
    assert course("falls", at(900, 899, 898), -1).met is False
    assert course("rises", at(300, 500), 1).met is True


@pytest.mark.slow
def test_the_check_of_intents_knows_the_grammar_and_is_not_fooled() -> None:
    assert set(RULES) == set(INTENTS)
    check, random = IntentCheck(seed=3, each=60), Random(1)
    intents = [random.choice(tuple(INTENTS)) for _ in range(400)]
    texts = [utter(random, Wish(intent), evaluation=True) for intent in intents]
    assert sum(check.agrees(texts, intents)) > 385
    turned = [next(other for other in INTENTS if other != intent) for intent in intents]
    assert sum(check.agrees(texts, turned)) < 15


@pytest.mark.slow
@shipped
def test_the_shipped_model_works_sums_out_and_labels_messages() -> None:
    evaluation = Evaluation(Speaker(WEIGHTS), n=60, seed=5)
    steps = evaluation.arithmetic()[0]
    assert steps.name == "right answers with steps, temperature 0"
    assert steps.value > 0.75
    labels = [figure for figure in evaluation.judging() if figure.name.startswith("right labels")]
    assert min(figure.value for figure in labels) > 0.7
