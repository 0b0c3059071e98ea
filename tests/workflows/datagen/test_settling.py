"""What becomes of a batch beside the others: exactly what is promised of rewards, duplicates, targets and arms."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import pytest

from loopwright.loop.trial import Item, Trial
from loopwright.loop.work import Outcome, Settlement
from loopwright.quality.gate import Memories, View, passed
from loopwright.quality.row import Row, Ruling
from loopwright.records import Decision, DecisionId
from loopwright.spec.load import validate
from loopwright.spec.yaml import parse
from loopwright.workflows.datagen.generators.protocol import Order, Written
from loopwright.workflows.datagen.recipe import Recipe
from loopwright.workflows.datagen.state import State
from loopwright.workflows.datagen.trial import Datagen

RECIPE = """
workflow: datagen
models: [{id: writer, provider: scripted, script: [x]}]
arms: [{id: one, kind: naive}, {id: two, kind: naive}]
validators: {judge: {model: writer, threshold: 0.5}, deduplication: {field: text}}
target: {accepted: 12}
"""


class Run:
    """A workflow at work, given outcomes by hand."""

    def __init__(self, text: str = RECIPE) -> None:
        self.work = Datagen(validate(parse(text), Recipe))
        self.state: State = self.work.begin()
        self.count = 0

    def settle(self, rows: list[dict[str, Any]], scores: Sequence[float | None], arm: str = "one") -> Settlement:
        trial = Trial(self.count, Item(f"batch-{self.count}"), 0)
        trial.decisions = [Decision(DecisionId(self.count, 0), {}, ("one", "two"), arm, 1.0, 0, "")]
        trial.step = 0
        samples = tuple(trial.sample(at, {"row": row, "lineage": {}}) for at, row in enumerate(rows))
        verdicts = [trial.verdict(at, "judge", score is None or score >= 0.5, score) for at, score in enumerate(scores)]
        self.count += 1
        return self.work.settle(trial, Outcome(samples, tuple(verdicts)), self.state)


def texts(*numbers: int) -> list[dict[str, Any]]:
    """Texts that have nothing in common."""
    return [{"text": blake2b(number.to_bytes(4, "big"), digest_size=30).hexdigest()} for number in numbers]


def test_eight_of_ten_at_a_judge_score_of_0_8_earn_exactly_0_64() -> None:
    settled = Run().settle(texts(*range(10)), [0.8] * 8 + [0.2, 0.0])
    assert settled.payoffs[0].value == 0.64
    assert len(settled.accepted) == 8


def test_a_judged_sample_is_shrunk_towards_the_mean_of_all_before() -> None:
    run = Run()
    run.settle(texts(*range(4)), [0.6] * 4)
    one = run.settle(texts(10, 11, 12, 13), [1.0, None, None, None]).payoffs[0]
    likely = (1.0 + 2 * 0.6) / 3
    assert one.value == (1.0 + 3 * likely) / 4
    assert one.parts["judged"] == 1


def test_of_two_rows_alike_in_a_batch_the_second_is_late() -> None:
    settled = Run().settle(texts(1, 1, 2), [1.0, 1.0, 1.0])
    assert settled.accepted == {0, 2}
    assert [(verdict.sample, verdict.validator) for verdict in settled.verdicts] == [(1, "deduplication")]
    assert settled.verdicts[0].reason == "the same text as row 0.0"
    assert settled.payoffs[0].value == 2 / 3


@pytest.mark.parametrize(
    ("validator", "says"),
    [
        ("deduplication: {field: text, exact: false}", "nearly the text of row 0.1: alike to 0."),
        ("similarity: {field: text, max: 0.9}", "alike to row 0.1 by 0.9"),
    ],
    ids=["near", "similar"],
)
def test_rows_nearly_alike_are_caught_within_a_batch_and_in_one_that_was_written_at_the_same_time(
    validator: str, says: str
) -> None:
    run = Run(RECIPE.replace("deduplication: {field: text}", validator))
    first = "Good morning, could somebody tell me by when the refund for my cancelled order will have been paid out?"
    again = first.replace("morning", "evening")
    rows = [*texts(1), {"text": first}, {"text": again}, *texts(2)]
    settled = run.settle(rows, [1.0] * 4)
    assert settled.accepted == {0, 1, 3}
    later = run.settle([*texts(3), {"text": again}], [1.0] * 2)  # what it was shown in `act` held no row yet
    assert later.accepted == {0}
    for verdicts, place in ((settled.verdicts, 2), (later.verdicts, 1)):
        (verdict,) = verdicts
        assert (verdict.sample, verdict.validator) == (place, validator.partition(":")[0])
        assert (verdict.reason or "").startswith(says)


def test_what_is_beyond_the_target_is_left_and_counts_as_good() -> None:
    run = Run()
    assert run.settle(texts(*range(10)), [1.0] * 10).end is None
    last = run.settle(texts(*range(20, 30)), [1.0] * 10)
    assert last.end == "target reached: 12 rows accepted"
    assert last.accepted == {0, 1}
    assert {verdict.validator for verdict in last.verdicts} == {"target"}
    assert last.payoffs[0].value == 1.0
    assert run.work.missed(run.state) is None


def test_five_whole_batches_without_a_row_switch_an_arm_off() -> None:
    run = Run()
    bad = [0.0] * 10
    for _ in range(4):
        assert run.settle(texts(*range(10)), bad).events == ()
    run.settle(texts(*range(5)), [0.0] * 5, "two")
    (event,) = run.settle(texts(*range(10)), bad).events
    assert event.kind == "arm_switched_off"
    assert event.detail["arm"] == "one"
    assert run.state.seen().off == {"one"}
    for _ in range(9):
        assert run.settle(texts(*range(10)), bad, "two").events == ()


@pytest.mark.parametrize(
    ("begins", "target", "arms", "batches"),
    [("bad", "", 1, 10), ("bad", "", 8, 16), ("bad", "", 40, 50), ("bad", ", batches: 400", 1, 50), ("good", "", 1, 51)],
    ids=["nothing was accepted", "many arms", "more arms", "bounded by hand", "something was accepted"],
)
def test_a_run_gives_up_soon_where_nothing_was_ever_accepted(begins: str, target: str, arms: int, batches: int) -> None:
    listed = ", ".join(f"{{id: arm-{number}, kind: naive}}" for number in range(arms))
    text = RECIPE.replace("{id: one, kind: naive}, {id: two, kind: naive}", listed)
    run = Run(text.replace("accepted: 12", f"accepted: 12{target}"))
    for number in range(batches):
        score = 1.0 if begins == "good" and number == 0 else 0.0
        settled = run.settle(texts(*range(10)), [score] + [0.0] * 9, "arm-0")
        assert (settled.end is not None) == (number == batches - 1)
    assert (settled.end or "").startswith("gave up: none of the ")
    assert ("target.batches=" in (settled.end or "")) == (batches < 50)


def test_a_few_rows_are_no_reason_to_give_up() -> None:
    run = Run(RECIPE + "batch_size: 2\n")
    ends = [run.settle(texts(number, 100 + number), [0.0, 0.0]).end for number in range(25)]
    assert [end is not None for end in ends] == [False] * 24 + [True]


def test_half_batches_count_half() -> None:
    run = Run()
    events = [run.settle(texts(*range(5)), [0.0] * 5).events for _ in range(10)]
    assert [bool(some) for some in events] == [False] * 9 + [True]


def test_why_most_rows_failed_is_told_whole_on_one_line() -> None:
    run, why = Run(), "; ".join(f"{number} words are not in the list" for number in range(20))
    run.state.reject("vocabulary", why.replace("; ", ";\n", 1))
    assert (run.work.missed(run.state) or "").endswith(f"1 of 1 rejects failed at vocabulary, the last because: {why}")


class Counting:
    """A memory that counts the rows that it is told to expect."""

    bytes = 0

    def __init__(self) -> None:
        self.expected = self.admitted = 0

    def __len__(self) -> int:
        return self.admitted

    def expect(self, rows: Sequence[Row], among: int | None = None) -> None:
        self.expected += len(rows)

    def look(self, row: Row, among: int | None = None) -> Ruling:
        return Ruling(True)

    def admit(self, id: str, row: Row) -> None:
        self.admitted += 1


@pytest.mark.parametrize("seeds", [0, 1])
async def test_rows_are_compared_with_seeds_only_where_there_are_some(seeds: int) -> None:
    work, memory = Datagen(validate(parse(RECIPE.replace("judge: {model: writer, threshold: 0.5}, ", "")), Recipe)), Counting()
    work._seeds = Memories({"similarity": memory})
    for number in range(seeds):
        work._seeds.admit(f"seed-{number}", Row({"text": "a seed"}))
    written = [Written(Order(at, None), row) for at, row in enumerate(texts(1, 2))]
    assert all(passed(said) for said in await work._examined(written, Trial(0, Item("batch-0"), 0), View({})))
    assert memory.expected == 2 * seeds


async def test_seeds_are_compared_where_the_gate_compares_rows() -> None:
    work = Datagen(validate(parse(RECIPE.replace("judge: {model: writer, threshold: 0.5}, ", "")), Recipe))
    work._seeds.admit("seed-0", Row({"text": "a seed"}))
    rows: list[Any] = [{"other": "a seed"}, {"text": "a seed"}, {"text": "a row"}]
    written = [Written(Order(at, None), row) for at, row in enumerate(rows)]
    lost, again, new = await work._examined(written, Trial(0, Item("batch-0"), 0), work.gate.memories().view())
    assert [one.validator for one in lost] == ["schema"]
    assert [one.validator for one in again] == ["schema", "deduplication"] == [one.validator for one in new]
    assert again[-1].ruling.reason == "the same text as row seed-0" and passed(new)
