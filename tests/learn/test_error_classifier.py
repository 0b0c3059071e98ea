"""Fitted classifiers of error modes learn what there is to learn, say how sure they are, and come back from their files."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.datasets.checkers.gsm8k import NUMERIC
from loopwright.errors import StoreTooNew, UsageError
from loopwright.learn.error_classifier import labelled
from loopwright.learn.error_classifier.features import of_agreement, of_answer
from loopwright.learn.error_classifier.fitted import Fitted, embedded, read, write
from loopwright.learn.error_classifier.fitted import plain as plain_of
from loopwright.learn.error_classifier.fitting import How, crossed, fit
from loopwright.learn.error_classifier.labelled import Labelled
from loopwright.learn.error_classifier.protocol import MODES, Given
from loopwright.learn.error_classifier.sums import equations, numbers
from loopwright.measure.calibration import Calibration, calibration

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "gsm8k" / "model_answers_first_660.jsonl"


def made(questions: int, seed: int = 1) -> list[Labelled]:
    """Sums whose model is mostly surer where it is right; which it is shows in nothing else."""
    draw = np.random.default_rng(seed)
    return [_made(f"q{number}", draw) for number in range(questions)]


def _made(id: str, draw: np.random.Generator) -> Labelled:
    a, b = (int(each) for each in draw.integers(10, 90, 2))
    answers, right = [], []
    for _ in range(3):
        good = bool(draw.random() < 0.5)
        total = a + b if good else a + b + int(draw.integers(1, 9))
        sure = draw.normal(-0.7 if good else -1.0, 0.4, 6)
        text = f"I counted. Answer: {total}"
        answers.append(Given(text, str(total), [min(0.0, float(each)) for each in sure]))
        right.append(good)
    return Labelled(id, f"Tom has {a} apples and buys {b}. How many?", tuple(answers), tuple(right))


def judged(rows: Sequence[Labelled], how: How = How(), turns: int = 1) -> Calibration:  # noqa: B008 - frozen
    told = [each for each in crossed(rows, how) if len(each.step.answers) == turns]
    return calibration(
        [each.predicted.confidence for each in told], [each.step.right for each in told], [each.step.id for each in told]
    )


def test_equations_are_read_and_checked_without_running_anything() -> None:
    text = "First 3 + 4 * 2 = 11. Then <<60/100*5=3.0>>, $1,200 - $200 = $1,000 but 7 x 6 = 43, and 1/0 = 5; 20% * 50 = 10."
    found = equations(text)
    assert [each.holds for each in found] == [True, True, True, False, False, True]
    assert found[0].operands == (3.0, 4.0, 2.0)
    assert numbers("-3 and 1,234.5 of 10-4") == (-3.0, 1234.5, 10.0, 4.0)
    assert equations("__import__('os') = 3") == []


def test_digits_without_end_are_a_finite_number() -> None:
    assert np.isfinite(of_answer("How many?", Given("9" * 400, "9" * 400))["answer's size"])


@given(st.text(max_size=300), st.text(max_size=300), st.none() | st.text(max_size=20))
def test_every_text_has_finite_features_with_the_same_names(question: str, text: str, answer: str | None) -> None:
    found = of_answer(question, Given(text, answer)) | of_agreement([Given("", "1"), Given(text, answer)])
    assert found.keys() == (of_answer("", Given("", None)) | of_agreement([Given("", None)])).keys()
    assert all(np.isfinite(value) for value in found.values())


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "least"), [("features", 0.8), ("tfidf", 0.8), ("embeddings", 0.65), ("torch", 0.8)])
def test_it_orders_answers_of_unseen_questions_is_calibrated_and_comes_back_from_its_file(
    kind: Any, least: float, tmp_path: Path
) -> None:
    if kind == "torch":
        pytest.importorskip("torch")
    rows = made(200)
    found = judged(rows, How(kind))
    assert least < found.auroc < 0.97
    assert found.error < 2 * found.error_by_chance
    fitted = fit(rows, How(kind))
    write(tmp_path / "model.pt", fitted)
    again = read(tmp_path / "model.pt")
    for row in made(20, seed=2):
        for at in range(3):
            said = fitted.predict(row.question, row.answers[: at + 1])
            assert again.predict(row.question, row.answers[: at + 1]) == said
            assert said.mode in MODES
            assert 0.0 <= said.confidence <= 1.0
    assert fit(rows, How(kind)) == fitted, "the same rows give the same classifier"


def test_of_words_that_are_as_frequent_the_same_are_kept_in_every_process() -> None:
    """Six thousand, each in three texts; five thousand count."""
    words = [f"w{number:04}" for number in range(6000)]
    rows = [
        Labelled(f"q{at}", "What is it?", (Given(" ".join(words[at % 4 :: 4]), str(at)),), (at % 3 == 0,)) for at in range(12)
    ]
    sight: Any = fit(rows, How("tfidf")).plain()["sight"]
    kept = sorted(sight["rarity"].keys() & set(words))
    assert kept == words[: len(kept)] != []


def test_modes_follow_confidence_where_the_answer_stayed_and_name_changes_where_it_did_not() -> None:
    fitted = fit(made(300))
    surely, hardly = (-0.01,) * 6, (-1.5,) * 6
    question = "Tom has 40 apples and buys 20. How many?"
    good, bad = Given("I counted. Answer: 60", "60", surely), Given("I counted. Answer: 65", "65", hardly)
    assert fitted.predict(question, [good]).mode == "unchanged_correct"
    assert fitted.predict(question, [bad]).mode == "anchored"
    assert fitted.predict(question, [bad, good]).mode == "corrected"
    assert fitted.predict(question, [good, bad]).mode == "overcorrected"
    assert fitted.predict(question, [good, good]).mode == "unchanged_correct"


def test_what_cannot_be_learned_from_is_refused_and_what_was_never_seen_is_not_made_up(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"9 questions .* too few"):
        fit(made(9))
    firsts = [row._replace(answers=row.answers[:1], right=row.right[:1]) for row in made(40)]
    fitted = fit(firsts)
    assert isinstance(fitted, Fitted)
    assert fitted.parts["changed"].rows == 0
    assert fitted.predict("q", [Given("", "1"), Given("", "2")]).confidence == 0.0


def test_files_that_are_none_are_refused_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "model.pkl"
    file.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(UsageError, match="is a pickle, which can run code"):
        read(file)
    file.write_text("{")
    with pytest.raises(UsageError, match="not JSON"):
        read(file)
    plain = plain_of(fit(made(30)))
    for broken, why in (
        ({**plain, "loopwright_error_classifier": None}, "lacks"),
        ({**plain, "first": {**plain["first"], "bias": [0.0]}}, "do not fit together"),  # type: ignore[dict-item]
        ({**plain, "same": None}, "no softmax"),
        ({**plain, "sight": {"kind": "eyes"}}, "'eyes'"),
        ({**plain, "network": {"inner": [[1]]}}, "no network"),
    ):
        file.write_text(json.dumps(broken))
        with pytest.raises(UsageError, match=why):
            read(file)
    file.write_text(json.dumps({**plain, "loopwright_error_classifier": 2}))
    with pytest.raises(StoreTooNew):
        read(file)


def test_labels_are_written_as_csv_and_read_again(tmp_path: Path) -> None:
    rows = made(5)
    labelled.write(tmp_path / "labels.csv", rows)
    again = labelled.read(tmp_path / "labels.csv", str)
    assert [(row.id, row.question, row.right) for row in again] == [(row.id, row.question, row.right) for row in rows]
    for one, other in zip(rows, again, strict=True):
        for before, after in zip(one.answers, other.answers, strict=True):
            assert (after.text, after.answer) == (before.text, before.answer)
            found = [of_answer("", each) for each in (before, after)]
            assert found[1] == pytest.approx(found[0])
    labelled.write(tmp_path / "labels.csv", [row._replace(id="same") for row in rows])
    asked_anew = labelled.read(tmp_path / "labels.csv", str)
    assert [(row.id, row.right) for row in asked_anew] == [("same", row.right) for row in rows]
    odd = [row._replace(answers=(Given("a\u2028b\x85c\rd\r\ne", "18"),), right=(True,)) for row in rows]
    labelled.write(tmp_path / "labels.csv", odd)
    assert [row.answers for row in labelled.read(tmp_path / "labels.csv", str)] == [row.answers for row in odd]
    turn = {"question": "Q?", "answer": "a\u2028b\x85c", "prompt_id": None, "delta_accuracy": 0}
    trace = {"question_id": "q", "final_accuracy": 1, "turns": [turn]}
    (tmp_path / "traces.jsonl").write_text(json.dumps(trace, ensure_ascii=False) + "\n")
    (back,) = labelled.read(tmp_path / "traces.jsonl", str)
    assert back.answers[0].text == turn["answer"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("question_id,question,turn,answer\n", "no column right"),
        ("question_id,question,turn,answer,right\nq,Q?,0,A,perhaps\n", "line 2: right is 'perhaps'"),
        ('question_id,question,turn,answer,right\nq,Q?,0,"A\nB",1\nq,Q?\n', "line 4: turn is ''"),
        ("question_id,question,turn,answer,right\nq,Q?,²,A,1\n", "line 2: turn is '²'"),
    ],
)
def test_what_is_wrong_with_labelled_rows_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "broken.csv"
    file.write_text(text)
    with pytest.raises(UsageError, match=said):
        labelled.read(file, str)


def test_the_embedded_classifier_says_what_it_was_fitted_to_and_knows_a_sure_sum_from_an_unsure_one() -> None:
    fitted = embedded()
    assert "GSM8K" in str(fitted.about["fitted_to"])
    question = "Tom has 40 apples. Anna brings 20 more. How many apples are there?"
    sure = fitted.predict(question, [Given("40 + 20 = 60\nAnswer: 60", "60", (-0.01, -0.02))])
    unsure = fitted.predict(question, [Given("40 + 20 = 61\nAnswer: 61", "61", (-0.2, -2.5))])
    assert sure.confidence > 0.8
    assert unsure.confidence < 0.4


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="the answers of larger models are not beside the repository")
def test_real_answers_are_ordered_by_one_look_and_better_by_agreement() -> None:
    rows = []
    for line in REAL.read_text().splitlines():
        found: dict[str, Any] = json.loads(line)
        models = list(found)[2:]
        answers = tuple(Given(found[each]["solution"], NUMERIC.read(found[each]["solution"])) for each in models)
        right = tuple(bool(found[each]["is_correct"]) for each in models)
        rows += [
            Labelled(found["question"], found["question"], answers[at:] + answers[:at], right[at:] + right[:at])
            for at in range(4)
        ]
    told = crossed(rows)
    for turns, least in ((1, 0.72), (4, 0.88)):
        some = [each for each in told if len(each.step.answers) == turns]
        result = calibration(
            [each.predicted.confidence for each in some], [each.step.right for each in some], [each.step.id for each in some]
        )
        assert (result.n, result.groups) == (2640, 660)
        assert result.auroc_within.low > least
        assert result.error <= result.error_by_chance


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="the answers of larger models are not beside the repository")
def test_a_network_is_no_surer_of_real_answers_than_it_is_right() -> None:
    pytest.importorskip("torch")
    rows = []
    for line in REAL.read_text().splitlines()[:250]:
        found: dict[str, Any] = json.loads(line)
        for model in list(found)[2:]:
            said = found[model]["solution"]
            answer = Given(said, NUMERIC.read(said))
            rows.append(Labelled(found["question"], found["question"], (answer,), (found[model]["is_correct"],)))
    result = judged(rows, How("torch"))
    assert result.auroc > 0.75
    assert result.error < 1.3 * result.error_by_chance
