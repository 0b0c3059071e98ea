"""What readers see: pages, counts and sums of a run that is done, at work, or has not begun."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from loopwright.records import Call, CallStatus
from loopwright.store import summary
from loopwright.store.compare import Difference, differences
from loopwright.store.reader import RunReader, Where, conditions
from loopwright.store.rows import DECISION, REWARD, SAMPLE, TABLES, TRIAL, Table
from loopwright.store.writer import RunStore

Settle = Callable[[RunStore, int], None]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("newest", [False, True])
def test_pages_show_every_row_once(reader: RunReader, table: Table[Any], newest: bool) -> None:
    rows: list[Any] = []
    after = None
    while (page := reader.page(table, after=after, limit=7, newest=newest)).rows:
        rows += page.rows
        after = page.next
        if after is None:
            break
    whole = reader.page(table, limit=10_000).rows
    assert rows == (whole[::-1] if newest else whole) and len(rows) == reader.count(table) == len(list(reader.rows(table)))


def test_rows_are_chosen_by_what_is_known_of_them(reader: RunReader) -> None:
    assert {trial.number for trial in reader.trials(Where(failed=True)).rows} == {9, 19, 29, 39}
    assert reader.count(TRIAL, Where(failed=False)) == 36
    by_arm = reader.trials(Where(arm="careful")).rows
    decided = reader.decisions(Where(arm="careful")).rows
    assert {trial.number for trial in by_arm} == {decision.id.trial for decision in decided}
    made = {(decision.id.trial, decision.id.step) for decision in decided}
    assert {(sample.trial, sample.step) for sample in reader.samples(Where(arm="careful")).rows} == made
    accepted = reader.samples(Where(accepted=True, arm="careful")).rows
    assert accepted and all(sample.accepted for sample in accepted)
    assert {reward.decision for reward in reader.rewards(Where(arm="plain"), limit=999).rows} <= {
        decision.id for decision in reader.decisions(Where(arm="plain")).rows
    }
    assert len(reader.verdicts(Where(validator="fresh", passed=False, trial=5)).rows) == 1
    assert [call.trial for call in reader.calls(Where(trial=17)).rows] == [17]
    assert reader.events(Where(kind="nothing")).rows == []
    with pytest.raises(ValueError, match="accepted"):
        reader.trials(Where(accepted=True))


def test_the_rewards_of_a_trial_include_late_ones(reader: RunReader) -> None:
    assert [(reward.decision.step, reward.settled_by) for reward in reader.rewards(Where(trial=10)).rows] == [(1, 10), (0, 13)]


@pytest.mark.parametrize("table", [DECISION, REWARD, SAMPLE, TABLES["verdict"], TABLES["call"]], ids=lambda table: table.name)
def test_no_table_is_scanned_for_one_trial(run: Path, table: Table[Any]) -> None:
    condition, values = conditions(table, Where(trial=3))
    with closing(sqlite3.connect(run)) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {table.select} WHERE {condition}", values)]
    assert not [step for step in plan if step.startswith("SCAN")]


def test_sums_say_what_is_unknown(reader: RunReader) -> None:
    (spend,) = summary.spend(reader)
    assert spend.model == "writer" and spend.calls == spend.billed == 40
    assert spend.nano_usd == (30 * 7, 10) and spend.input_tokens == (40 * 20, 0)


async def test_calls_that_were_not_billed_are_not_unknown(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    statuses: tuple[CallStatus, ...] = ("settled", "failed", "cached", "lost")
    async with RunStore.open(path) as store:
        for status in statuses:
            store.enter_call(Call(store.next_call_id(), 0, 0, "m", 1, status))
    with RunReader.open(path) as reader:
        (spend,) = summary.spend(reader)
    assert spend.calls == 4 and spend.billed == 2 and spend.nano_usd == summary.Total(0, 2)
    assert [spend.nano_usd.told(), spend.nano_usd.exact] == ["unknown", None]
    many, one = summary.Total(12345, 3), summary.Total(7, 1)
    assert [each.told() for each in (many, one, summary.added((many, one)))] == [
        "12,345 + 3 calls unknown",
        "7 + 1 call unknown",
        "12,352 + 4 calls unknown",
    ]
    assert (summary.NONE.told(), summary.NONE.exact) == ("0", 0)


def test_summaries(reader: RunReader) -> None:
    assert summary.counts(reader) == (40, 4, 72, 72, 36, 40)
    rewards = [reward for page in [reader.rewards(limit=999)] for reward in page.rows]
    arms = {decision.id: decision.arm for decision in reader.decisions(limit=999).rows}
    for arm in summary.arms(reader):
        earned = [reward.value for reward in rewards if arms[reward.decision] == arm.arm]
        assert arm.rewards == len(earned) and arm.mean == pytest.approx(sum(earned) / len(earned))
    assert [rate.validator for rate in summary.pass_rates(reader)] == ["fresh", "length"]
    assert summary.failures(reader) == [("TimedOut", 4, "no answer to 9")]


async def test_an_empty_run_has_empty_pages(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    async with RunStore.open(path):
        with RunReader.open(path) as reader:
            assert [reader.page(table).rows for table in TABLES.values()] == [[]] * len(TABLES)
            assert summary.counts(reader) == (0, 0, 0, 0, 0, 0)
            for of in (summary.spend, summary.arms, summary.failures, summary.pass_rates):
                assert of(reader) == []


async def test_a_reader_in_the_middle_of_a_transaction_does_not_hold_up_the_writer(tmp_path: Path, settle: Settle) -> None:
    path = tmp_path / "run.sqlite"
    async with RunStore.open(path) as store:
        settle(store, 0)
        await store.flush()
        with (
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as slow,
            RunReader.open(path) as reader,
        ):
            slow.execute("BEGIN")
            assert slow.execute("SELECT count(*) FROM trial").fetchone() == (1,)
            for n in range(1, 200):
                settle(store, n)
            await store.flush()
            assert reader.count(TRIAL) == 200
            assert slow.execute("SELECT count(*) FROM trial").fetchone() == (1,)


def test_a_reader_cannot_write(reader: RunReader) -> None:
    with pytest.raises(Exception, match="cannot be written"):
        reader.query("DELETE FROM trial")


def test_differences_are_told_row_by_row_and_times_are_none(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    other.write_bytes(run.read_bytes())
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("UPDATE trial SET settled_at = 99, item = CASE number WHEN 5 THEN 'else' ELSE item END")
        connection.execute("DELETE FROM verdict WHERE trial = 38")
        connection.commit()
    with RunReader.open(run) as a, RunReader.open(other) as b:
        first, *rest = differences(a, b)
        back = list(differences(b, a))
    assert first == Difference("trial", 5, "item", "item-5", "else")
    assert len(rest) == 4 and all(difference.table == "verdict" and difference.right is None for difference in rest)
    assert len(back) == 5
