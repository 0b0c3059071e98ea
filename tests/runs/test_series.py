"""The course of a policy, counted stretch by stretch, agrees with the log it is counted from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from loopwright.records import Decision, DecisionId, Reward, TrialRecord
from loopwright.runs import series
from loopwright.runs.folder import RunFolder
from loopwright.runs.live import Unwatched
from loopwright.runs.read import learned, whole
from loopwright.runs.series import Course, Line, course_of, width
from loopwright.runs.start import Start, start
from loopwright.store.writer import RunStore

SPEC = """\
workflow: toy
items: 500
policy: {epsilon_greedy: {epsilon: 0.2}}
window: 4
fail_every: 50
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("series")
    (folder / "toy.yaml").write_text(SPEC)
    return start(Start(folder / "toy.yaml", (f"output={folder / 'runs'}",)), Unwatched()).folder


def test_a_course_agrees_with_what_was_learned(run: RunFolder) -> None:
    course = course_of(run, last=3)
    assert (course.trials, course.width) == (500, 10)
    assert [(line.context, line.arm) for line in course.lines] == [(row.context, row.arm) for row in learned(run, 0).arms]
    for line, row in zip(course.lines, learned(run, 0).arms, strict=True):
        assert sum(cell.pulls for cell in line.cells) == row.decisions
        assert sum(cell.rewards for cell in line.cells) == row.rewards
        assert sum(cell.total for cell in line.cells) == pytest.approx((row.mean or 0) * row.rewards)
    assert sum(course.decisions) == whole(run).overview.counts.decisions
    assert sum(course.spread) == sum(row.rewards for row in learned(run, 0).arms)
    assert [decision.id.trial for decision in course.last] == [498, 499, 499]


def test_there_are_some_tens_of_stretches_however_long_the_run() -> None:
    assert [width(trials) for trials in (0, 1, 60, 61, 2000, 100_000, 10**9)] == [1, 1, 1, 2, 50, 2000, 20_000_000]
    assert all(1 <= -(-trials // width(trials)) <= series.STRETCHES for trials in range(1, 5000))


async def logged(folder: RunFolder, decisions: Sequence[tuple[str, str, int]], rewards: Sequence[float | None]) -> Course:
    """The course of a run of one decision per trial: (context, arm, version), each rewarded when its own trial settles."""
    async with RunStore.open(folder.store) as store:
        for number, ((context, arm, version), value) in enumerate(zip(decisions, rewards, strict=True)):
            id = DecisionId(number, 0)
            given = () if value is None else (Reward(id, value, value, {}, number),)
            decision = Decision(id, {"in": context}, ("a", "b"), arm, None, version, "")
            store.settle(TrialRecord(number, str(number), None, None, 0.0, 0.0), (decision,), given)
        await store.flush()
        return course_of(folder)


async def test_exploring_is_to_pass_over_the_best_that_was_known_by_then(tmp_path: Path) -> None:
    """The third decision has not seen the second reward yet; the fourth has."""
    course = await logged(
        RunFolder(tmp_path),
        [("x", "a", 0), ("x", "b", 1), ("x", "a", 1), ("x", "a", 3), ("x", "b", 3)],
        [0.4, 0.6, 0.4, 0.4, 0.6],
    )
    assert course.decisions == (1, 1, 1, 1, 1)
    assert course.explored == (1, 1, 0, 1, 0)


async def test_each_context_has_a_best_arm_of_its_own(tmp_path: Path) -> None:
    course = await logged(
        RunFolder(tmp_path), [("x", "a", 0), ("y", "b", 1), ("x", "a", 2), ("y", "b", 2)], [0.9, 0.1, None, None]
    )
    assert course.explored == (1, 1, 0, 0)


async def test_rare_contexts_and_arms_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "CONTEXTS", 1)
    monkeypatch.setattr(series, "ARMS", 1)
    taken = [("x", "a", 0), ("y", "a", 0), ("x", "b", 0), ("z", "a", 0), ("x", "c", 0), ("x", "a", 0)]
    course = await logged(RunFolder(tmp_path), taken, [0.5] * 6)
    assert (course.contexts, course.arms) == (3, 3)

    def pulls(line: Line) -> tuple[object, str | None, int]:
        return line.context, line.arm, sum(cell.pulls for cell in line.cells)

    assert [pulls(line) for line in course.lines] == [({"in": "x"}, "a", 2), ({"in": "x"}, None, 2), (None, "a", 2)]


async def test_an_empty_run_has_an_empty_course(tmp_path: Path) -> None:
    course = await logged(RunFolder(tmp_path), [], [])
    assert (course.trials, course.lines, course.decisions, course.last) == (0, (), (), ())
