"""The world of the embedded model: its sums are right, what is held out is never trained on, and all of it can be read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import pytest

from loopwright.llm.prompts import jobs, recognise, render, reprompts
from loopwright.llm.tiny.form import FORMS, INTENTS, form, outside
from loopwright.llm.tiny.stories import apply
from loopwright.llm.tiny.sums import Sum, read_sum
from loopwright.llm.tiny.tokens import Tokenizer
from training.tiny import desk, judging, problems, second_chance, writing
from training.tiny.draw import text_held_out
from training.tiny.examples import SHARES, Turn, example, sequence, words

SHIPPED = Path(__file__).parents[2] / "src/loopwright/llm/tiny"


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(words(Random(1), 8000, 2))


def test_without_slips_every_step_is_right() -> None:
    random = Random(1)
    for _ in range(2000):
        problem = problems.draw(random)
        worked = problems.work_out(random, problem, problems.NONE)
        assert worked.answer == problem.answer >= 0
        equations = re.findall(r"(\d+) ([-+x]) (\d+) = (\d+)", worked.steps)
        assert all(apply(int(one), sign, int(other)) == int(result) for one, sign, other, result in equations)
        assert len(equations) >= len(problem.signs)


def test_working_backwards_ends_where_the_problem_began() -> None:
    random = Random(2)
    for _ in range(500):
        problem = problems.draw(random)
        assert problems.backwards(problem).rpartition("= ")[2] == f"{problem.numbers[0]}."


@pytest.mark.slow
@pytest.mark.parametrize("draw", [problems.draw, partial(problems.draw, evaluation=True), problems.retold])
def test_a_problem_is_read_as_it_was_drawn(draw: Callable[[Random], problems.Problem]) -> None:
    random = Random(14)
    for _ in range(3000):
        problem = draw(random)
        read = read_sum(problem.question)
        assert isinstance(read, Sum), (problem, read)
        assert (read.numbers, read.signs) == (problem.numbers, problem.signs), problem


OUTSIDE: dict[str, Callable[[Random], tuple[int, ...]]] = {
    "x": lambda random: (random.randint(26, 99), random.randint(2, 9)),
    "x ": lambda random: (random.randint(2, 25), random.randint(10, 99)),
    "-": lambda random: (random.randint(2, 49), random.randint(50, 99)),
    "+": lambda random: (random.randint(0, 1), random.randint(2, 99)),
    "+ ": lambda random: (random.randint(2, 99), random.randint(100, 999)),
    "+-": lambda random: (random.randint(2, 20), random.randint(2, 20), random.randint(40, 99)),
    "--": lambda random: (random.randint(50, 99), 20, random.randint(79, 99)),
    "x-": lambda random: (random.randint(2, 8), random.randint(2, 9), random.randint(72, 99)),
}


@pytest.mark.parametrize("signs", OUTSIDE)
def test_other_numbers_in_the_same_stories_are_refused(signs: str) -> None:
    random = Random(15)
    for _ in range(300):
        problem = problems.Problem("", OUTSIDE[signs](random), signs.strip())
        question = problems.question(random, problem.numbers, problem.signs)
        assert isinstance(read_sum(question), str), question


def test_slips_happen_and_care_prevents_most() -> None:
    random = Random(3)
    drawn = [problems.draw(random) for _ in range(3000)]
    usual, careful = (
        sum(problems.work_out(random, problem, slips).answer != problem.answer for problem in drawn) / len(drawn)
        for slips in (problems.USUAL, problems.CAREFUL)
    )
    assert 0.05 < usual < 0.2
    assert careful < 0.02


@pytest.mark.slow
def test_no_problem_to_evaluate_with_is_trained_on() -> None:
    def key(problem: problems.Problem) -> tuple[object, ...]:
        return problem.signs, problem.numbers if problem.signs[0] == "-" else (
            *sorted(problem.numbers[:2]),
            *problem.numbers[2:],
        )

    random = Random(4)
    trained = {key(problems.draw(random)) for _ in range(20_000)}
    assert not trained & {key(problems.draw(random, evaluation=True)) for _ in range(2000)}


def test_no_utterance_to_evaluate_with_is_trained_on() -> None:
    random = Random(5)
    assert not any(text_held_out(desk.utter(random, desk.any_wish(random))) for _ in range(1000))
    assert all(text_held_out(desk.utter(random, desk.any_wish(random), evaluation=True)) for _ in range(200))


def test_reprompts_that_are_kept_for_the_end_are_not_trained_on() -> None:
    random = Random(6)
    held_out = {entry.text for entry in reprompts() if entry.holdout}
    asked = [second_chance.ask_again(random) for _ in range(20_000)]
    assert not held_out & {one.text for one in asked}
    assert {entry.text for entry in reprompts()} - held_out <= {one.text for one in asked}


def test_who_is_doubted_changes_a_right_answer_and_who_checks_keeps_it() -> None:
    random = Random(7)
    kept = {"doubt": 0, "full": 0}
    for _ in range(500):
        problem = problems.draw(random)
        for leaning in kept:
            said = second_chance.answer_again(random, problem, problem.answer, leaning)
            kept[leaning] += said.endswith(f"Answer: {problem.answer}")
    assert kept["doubt"] < 300
    assert kept["full"] > 495


@pytest.mark.parametrize("intent", INTENTS)
def test_lengths_are_kept_mostly(intent: str) -> None:
    random = Random(8)
    wishes = [desk.Wish(intent, words=bounds) for bounds in ((3, 9), (8, 17), (15, 32)) for _ in range(30)]
    told = [(wish.words, len(desk.utter(random, wish).split())) for wish in wishes]
    assert sum(bounds is not None and bounds[0] <= count <= bounds[1] for bounds, count in told) > 70


def test_what_is_asked_is_what_a_prompt_is_read_as() -> None:
    random = Random(9)
    for make in (writing.row, writing.rows, writing.plan, writing.fill, judging.scored, judging.entailed):
        for _ in range(100):
            made = make(random)
            read = recognise(render(made.job, **made.slots))
            assert read is not None
            assert form(*read) == form(made.job, made.slots)
            assert outside(*read) is None


def test_every_job_has_examples() -> None:
    random = Random(10)
    made = {judging.classified(random, reasoned).job for reasoned in (False, True)}
    made |= {make(random).job for make in (writing.row, writing.rows, writing.plan, writing.fill)}
    made |= {judging.scored(random).job, judging.entailed(random).job}
    assert made | {"solve", "solve_steps"} == set(FORMS) - {"ask", "write_verbalized"} <= set(jobs())


@pytest.mark.slow
def test_answers_that_should_be_json_are(tokenizer: Tokenizer) -> None:
    random = Random(11)
    for _ in range(300):
        classified = judging.classified(random, reasoned=True)
        assert json.loads(classified.answer)["label"] in classified.slots["labels"].split(", ")
        many = writing.rows(random)
        assert len(json.loads(many.answer)["rows"]) == int(many.slots["count"])
        assert 1 <= json.loads(judging.scored(random).answer)["score"] <= 5


@pytest.mark.slow
def test_every_example_fits_the_context_and_is_known_in_words(tokenizer: Tokenizer) -> None:
    random = Random(12)
    drawn = [example(random) for _ in range(3000)]
    assert max(len(sequence(tokenizer, turns).ids) for turns in drawn) <= 256
    known = [tokenizer.known(turn.asked) for turns in drawn for turn in turns]
    assert float(np.mean(known)) > 0.97


@pytest.mark.slow
def test_only_answers_are_learned(tokenizer: Tokenizer) -> None:
    made = sequence(tokenizer, [Turn("Sure?", "Answer: 3", learned=False), Turn("Check it.", "Answer: 4")])
    learned = [token for token, wanted in zip(made.ids, made.learned, strict=True) if wanted]
    assert tokenizer.decode(learned) == "Answer: 4"
    assert sum(SHARES.values()) == pytest.approx(1)


@pytest.mark.skipif(not (SHIPPED / "weights.npz").exists(), reason="no weights are shipped yet")
def test_the_shipped_weights_are_small_and_know_the_words_of_every_reprompt() -> None:
    path = SHIPPED / "weights.npz"
    assert path.stat().st_size <= 2_000_000
    with np.load(path, allow_pickle=False) as held:
        meta = json.loads(held["meta"].tobytes())
    shipped = Tokenizer(meta["vocabulary"])
    assert {entry.id for entry in reprompts() if shipped.known(entry.text) < 1} == set()
    assert meta["trained"]["digest"] in (SHIPPED / "card.md").read_text()
