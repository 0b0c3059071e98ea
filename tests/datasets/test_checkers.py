"""The checkers hold to their published definitions, and to labels that the authors of GSM8K gave to real answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loopwright.datasets import CHECKERS
from loopwright.datasets.answers import normalised
from loopwright.datasets.checking import Checker, checker
from loopwright.errors import BoundaryError, SpecError
from loopwright.spec.blocks import Named

DATA = Path(__file__).parents[3] / "shared/data"


def named(kind: str, argument: float | None = None) -> Checker:
    return checker(CHECKERS.load(kind), Named(kind=kind, argument=argument), "dataset.checker")


def test_numbers_are_judged_as_the_authors_of_gsm8k_judged_2640_answers() -> None:
    file = DATA / "gsm8k/model_answers_first_660.jsonl"
    if not file.exists():
        pytest.skip(f"{file} is not on this machine")
    numeric, judged = named("gsm8k_numeric"), 0
    for line in file.read_text().splitlines():
        row = json.loads(line)
        for model in ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"):
            said = row[model]
            assert numeric.mark(said["solution"], row["ground_truth"]).right == said["is_correct"], said["solution"]
            judged += 1
    assert judged == 2640


GSM8K = [
    # answer, reference, strict, numeric
    ("So 9 * 2 = 18.\n#### 18", "18", True, True),
    ("#### 1,800", "1800", True, True),
    ("#### -3", "-3", True, True),
    ("#### −3", "3", False, False),  # a minus sign that is no hyphen
    ("#### −3", "-3", False, True),
    ("#### 18.00", "18", False, True),  # the official one compares texts
    ("#### $18", "18", False, True),  # the official pattern wants the number right behind the mark
    ("#### 18.", "18", False, True),  # the official pattern takes the full stop with it
    ("####18", "18", False, True),
    ("#### 17\n#### 18", "17", True, False),  # the official search takes the first, a reader the last
    ("Answer: 18", "18", False, True),
    ("**Answer:** $1,234.50", "1234.5", False, True),
    ("The final answer: 18 eggs", "18", False, True),
    ("A: 12.5%", "12.5", False, True),
    ("Answer:\nFirst 3 + 4 = 7.\nThen 7 + 11 = 18.", "18", False, True),
    ("She has 16 - 3 = 13", "-3", False, False),
    ("She has 16 -3", "-3", False, True),
    ("It is 42.", "4", False, False),  # never a part of a number
    ("It is 4.", "42", False, False),
    ("It is 4.", "So there are 4.\n#### 4", False, True),
    ("I do not know", "18", False, False),
    ("", "18", False, False),
    ("Answer: 5 of the 18", "18", False, True),
]


@pytest.mark.parametrize(("answer", "reference", "strict", "numeric"), GSM8K)
def test_gsm8k(answer: str, reference: str, strict: bool, numeric: bool) -> None:
    assert named("gsm8k_strict").mark(answer, reference).right is strict
    assert named("gsm8k_numeric").mark(answer, reference).right is numeric


HOTPOTQA = [
    # answer, reference, exact match, F1
    ("The Chief of Protocol", "Chief of Protocol", True, 1.0),
    ("chief   of protocol!", "Chief of Protocol", True, 1.0),
    ("a an the", "the", True, 0.0),  # nothing is left of either: equal, with no word in common
    ("Chief", "Chief of Protocol", False, 0.5),
    ("Chief of Staff", "Chief of Protocol", False, 2 / 3),
    ("U.S.", "US", True, 1.0),
    ("1,000", "1000", True, 1.0),
    ("yes", "yes", True, 1.0),
    ("Yes.", "yes", True, 1.0),
    ("yes it is", "yes", False, 0.0),  # without the rule this would be 0.5
    ("no", "no one", False, 0.0),
    ("noanswer", "no", False, 0.0),
    ("Animorphs Animorphs", "Animorphs", False, 2 / 3),
    ("north", "no", False, 0.0),
    ("Answer: Animorphs", "Animorphs", True, 1.0),
    ("It was Max.\nAnswer: Max\n", "max", True, 1.0),
    ("", "Max", False, 0.0),
]


@pytest.mark.parametrize(("answer", "reference", "exact", "f1"), HOTPOTQA)
def test_hotpotqa(answer: str, reference: str, exact: bool, f1: float) -> None:
    assert named("hotpotqa_em").mark(answer, reference).right is exact
    mark = named("hotpotqa_f1").mark(answer, reference)
    assert mark.score == pytest.approx(f1)
    assert mark.right is (f1 == 1.0)


def test_half_a_match_is_right_where_the_spec_says_so() -> None:
    assert named("hotpotqa_f1", 0.5).mark("Chief", "Chief of Protocol").right
    with pytest.raises(SpecError, match=r"dataset\.checker\.hotpotqa_f1"):
        named("hotpotqa_f1", 2.0)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("yes", "yes"),
        ("No.", "no"),
        ("TRUE", "yes"),
        ("False, because the passage says no such thing", "no"),
        ("I would say yes, not no", "yes"),
        ("Answer: no", "no"),
        ("Yes and no.\nAnswer: **no**", "no"),
        ("not at all; nobody knows", None),  # never a part of a word
        ("yesterday", None),
        ("", None),
    ],
)
def test_boolq_takes_the_first_word_that_is_a_yes_or_a_no(answer: str, said: str | None) -> None:
    boolq = named("boolq")
    assert boolq.read(answer) == said
    assert boolq.mark(answer, "yes").right is (said == "yes")
    assert boolq.mark(answer, "false").right is (said == "no")


@pytest.mark.parametrize(
    ("answer", "reference", "right"),
    [
        ("42", "42", True),
        ("$1,200.00", "1200", True),
        ("The answer: 42.", "42.0", True),
        ("I think it is 42", "42", False),  # words around it and no mark: not an answer that can be trusted to be one
        ("Answer: Paris", "paris", True),
        ("It is in France.\n**Answer:**\n\n**Paris**\n", "paris", True),
        ("Answer: Rome\nAnswer:\n", "Rome", True),
        ("Paris, France", "Paris", False),
        ("Parisian", "Paris", False),
        ("3 apples", "3 Apples", True),
        ("3 apples", "4 apples", False),
        ("Answer: A", "A", True),
        ("(a)", "A", True),
        ("Answer: The", "A", False),
        ("Answer: .5", "5", False),
        ("Answer: .5", "0.5", True),
        ("Answer: 1/2", "12", False),
        ("Answer: 1'000 m", "1000 m", True),
        ("Answer: 12'345'678", "12,345,678", True),
        ("Answer: 5'10", "510", False),
        ("Answer: 1/2.", "1/2", True),
        ("12:30", "1230", False),
        ("2^3", "23", False),
        ("3.5 kg", "35 kg", False),
        (".5 kg", "0.5 kg", True),
        ("-5 degrees", "5 degrees", False),
        ("Answer: −5 degrees", "-5 degrees", True),
        ("1,000 people", "1000 people", True),
        ("twenty-one", "twenty-one", True),
        ("(5)", "5", True),
        ("4.2e1", "4.2", False),
        ("1.000,5", "1", False),
        ("", "A", False),
        ("...", "A", False),
    ],
)
def test_a_final_answer_is_compared_as_a_whole(answer: str, reference: str, right: bool) -> None:
    assert named("final_answer").mark(answer, reference).right is right


@pytest.mark.parametrize("kind", list(CHECKERS.builtin))
def test_every_checker_reads_what_it_compares(kind: str) -> None:
    one = named(kind)
    reference = "yes" if kind == "boolq" else "18"
    answer = f"#### {reference}" if kind == "gsm8k_strict" else f"Let me see.\nAnswer: {reference}"
    assert one.mark(answer, reference) == (True, 1.0)
    assert one.read(answer) == reference
    assert one.read(answer) == one.read(answer.upper().replace("ANSWER", "Answer"))
    assert one.mark("", reference) == (False, 0.0)


def test_a_function_is_a_checker_and_is_blamed_for_what_it_does() -> None:
    def ends_alike(answer: str, reference: str) -> float:
        return 0.5 if answer[-1] == reference[-1] else 0.0

    half = checker(ends_alike, Named(kind="ends_alike", argument=0.5), "dataset.checker")
    assert half.mark("18", "28") == (True, 0.5)
    assert half.read("So.\nAnswer: The Cat!") == "cat"
    with pytest.raises(BoundaryError, match="checker ends_alike: raised IndexError"):
        half.mark("", "28")
    with pytest.raises(BoundaryError, match="neither a bool nor a score"):
        checker(lambda answer, reference: "right", Named(kind="odd"), "dataset.checker").mark("1", "1")


def test_words_are_normalised_as_hotpotqa_does() -> None:
    assert normalised("  The\tU.S.A. -- an island? ") == "usa island"
    assert normalised("theatre another") == "theatre another"
