"""The rule that predicts error modes without training: a function of what was said, within 0 and 1, and of use on sums."""

from __future__ import annotations

import itertools

import pytest

from loopwright.learn.error_classifier.protocol import MODES, Given, mode
from loopwright.learn.error_classifier.rule import Rule

SURE, UNSURE = (-0.01, -0.02), (-0.01, -2.0)


def test_each_transition_has_its_mode() -> None:
    same = [mode(before, after, same=True) for before, after in ((False, False), (True, True))]
    changed = [mode(before, after, same=False) for before, after in itertools.product((False, True), repeat=2)]
    assert same == ["anchored", "unchanged_correct"]
    assert changed == ["wavering", "corrected", "overcorrected", "perfectionism"]
    assert {*same, *changed} == {*MODES}


def test_a_sure_answer_counts_as_right_and_an_unsure_one_as_wrong() -> None:
    rule = Rule()
    sure = rule.predict("q", [Given("85", "85", SURE)])
    assert sure.mode == "unchanged_correct"
    assert sure.confidence == pytest.approx(0.98, abs=0.001)
    assert rule.predict("q", [Given("85", "85", UNSURE)]).mode == "anchored"
    assert rule.predict("q", [Given("no idea", None, SURE)]) == ("anchored", 0.0)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Given("", "1", UNSURE), Given("", "2", SURE), "corrected"),
        (Given("", "1", SURE), Given("", "2", UNSURE), "overcorrected"),
        (Given("", "1", UNSURE), Given("", "2", UNSURE), "wavering"),
        (Given("", "1", SURE), Given("", "2", (0.0, 0.0)), "perfectionism"),
        (Given("", "1", SURE), Given("", "1", SURE), "unchanged_correct"),
        (Given("", "1", UNSURE), Given("", "1", UNSURE), "anchored"),
    ],
)
def test_two_answers_are_told_apart_by_change_and_sureness(before: Given, after: Given, expected: str) -> None:
    assert Rule().predict("q", [before, after]).mode == expected


def test_without_log_probabilities_answers_that_agree_are_surer() -> None:
    def confidence(*answers: str) -> float:
        return Rule().predict("q", [Given(each, each) for each in answers]).confidence

    assert confidence("1") == 0.5
    assert confidence("1", "1") == pytest.approx(2 / 3)
    assert confidence("1", "2") == pytest.approx(1 / 3)
    assert confidence("1", "1", "1") == 0.75
