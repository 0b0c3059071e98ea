"""What the writer promises to whoever hands it rows."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Any, TypeAlias, cast

import pytest

from loopwright.records import Call, CallStatus, Decision, DecisionId, Reward, Sample, TrialRecord, Verdict
from loopwright.store.history import SettledTrial
from loopwright.store.reader import RunReader, Where
from loopwright.store.rows import ReplyRow
from loopwright.store.writer import RunStore

Settle: TypeAlias = Callable[[RunStore, int], None]


def trial(number: int) -> TrialRecord:
    return TrialRecord(number, "item", None, None, 0.0, 0.0)


async def test_a_trial_is_read_back_as_it_was_settled(tmp_path: Path, settle: Settle) -> None:
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        for n in range(120):
            settle(store, n)
        await store.flush()
        told = list(store.history())
        assert list(store.history(from_trial=70)) == told[70:]
    assert [settled.trial.number for settled in told] == list(range(120))
    assert told[9].trial.failure and told[9].samples == ()
    whole = told[13]
    assert whole.decisions[1].id == DecisionId(13, 1) and whole.decisions[1].arms == ("plain", "careful", "stop")
    assert whole.decisions[1].context == {"turn": 1, "é": 13 / 7}
    assert [reward.decision for reward in whole.rewards] == [DecisionId(13, 1), DecisionId(10, 0)]
    assert [sample.accepted for sample in whole.samples] == [None, None] and whole.accepted == {1}
    assert [verdict.late for verdict in whole.verdicts] == [False, True, False, True]


async def test_what_is_flushed_is_there_for_another_process_to_read(tmp_path: Path, settle: Settle) -> None:
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        settle(store, 0)
        await store.flush()
        with RunReader.open(tmp_path / "run.sqlite") as reader:
            assert [trial.number for trial in reader.trials().rows] == [0]


async def test_rows_become_durable_on_their_own_also_while_the_loop_is_busy(tmp_path: Path, settle: Settle) -> None:
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        settle(store, 0)
        patience = monotonic() + 30
        while not list(store.history()):
            assert monotonic() < patience


async def test_a_decision_is_found_before_and_after_it_is_durable(tmp_path: Path, settle: Settle) -> None:
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        settle(store, 0)
        waiting = store.decision(DecisionId(0, 1))
        await store.flush()
        assert isinstance(waiting, Decision) and waiting == store.decision(DecisionId(0, 1))
        assert store.decision(DecisionId(0, 2)) is None and store.decision(DecisionId(7, 0)) is None


async def test_trials_settle_in_order(tmp_path: Path) -> None:
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        store.settle(trial(0))
        with pytest.raises(ValueError, match="1 is the next"):
            store.settle(trial(2))
        assert store.settled() == 1
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        assert store.settled() == 1


async def test_a_step_has_one_decision(tmp_path: Path) -> None:
    twice = [Decision(DecisionId(0, 0), {}, ("a",), "a", 1.0, 0, "")] * 2
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        with pytest.raises(ValueError, match="two decisions"):
            store.settle(trial(0), twice)


async def test_a_call_stands_in_the_store_as_it_was_entered_last(tmp_path: Path) -> None:
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        first, second, third = (store.next_call_id() for _ in range(3))
        for id in (first, second, third):
            store.enter_call(Call(id, 0, 0, "m", 1, "open"))
        store.enter_call(Call(first, 0, 0, "m", 1, "settled", input_tokens=3))
        await store.flush()
        store.enter_call(Call(second, 0, 0, "m", 1, "failed", error="half a pair: \ud800"))
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        assert store.lose_open_calls() == 1 and store.lose_open_calls() == 0
        assert store.next_call_id() == third + 1
        with RunReader.open(tmp_path / "run.sqlite") as reader:
            calls = reader.calls().rows
    assert [call.status for call in calls] == ["settled", "failed", "lost"]
    assert calls[0].input_tokens == 3 and calls[0].output_tokens is None and calls[1].error == "half a pair: ?"


async def test_the_replies_of_unsettled_trials_and_of_stages_are_told_on_resume(tmp_path: Path) -> None:
    rows = [ReplyRow(trial, 0, 0, "m", b"d" * 16, None, 0, b"outcome") for trial in (-2, 0, 1, 5, 1)]
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        for row in rows:
            store.keep_reply(row)
        await store.flush()
        assert list(store.replies(1)) == [rows[0], rows[2], rows[3], rows[4]]


async def test_the_numbering_of_samples_goes_on_where_it_was(tmp_path: Path) -> None:
    asked = [("m", b"one", 0), ("n", b"one", 0), ("m", b"one", 1), ("m", b"two", 0), ("m", b"one", 2)]
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        for ordinal, (model, digest, sample) in enumerate(asked):
            store.keep_reply(ReplyRow(0, 0, ordinal, model, digest, None, sample, b""))
        await store.flush()
        assert list(store.samples()) == [("m", b"one", 3), ("n", b"one", 1), ("m", b"two", 1)]


async def test_what_a_model_answered_is_counted_for_that_model(tmp_path: Path) -> None:
    """The reply's model is the one that was asked; the call's is the one that answered."""
    asked = [("m", "settled"), ("m", "settled"), ("spare", "settled"), ("m", "failed"), ("m", "cached"), ("m", None)]
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        for ordinal, (answering, status) in enumerate(asked):
            call = store.next_call_id() if status else None
            if call:
                store.enter_call(Call(call, 0, 0, answering, 1, cast(CallStatus, status)))
            store.keep_reply(ReplyRow(0, 0, ordinal, "m", b"two" if ordinal == 1 else b"one", call, 0, b""))
        await store.flush()
        assert store.answered("m") == {b"one": 1, b"two": 1}
        assert store.answered("spare") == {b"one": 1} and store.answered("other") == {}


async def test_credits_are_durable_when_granted(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    async with RunStore.open(path) as store:
        assert store.credits() == {}
        await store.grant({"usd": 5, "calls": 10})
        await store.grant({"usd": 9})
        with RunReader.open(path) as reader:
            assert reader.credits() == {"usd": 9, "calls": 10} == store.credits()
    async with RunStore.open(path) as store:
        assert store.credits() == {"usd": 9, "calls": 10}


async def test_a_stage_that_came_to_nothing_differs_from_one_that_did_not_end(tmp_path: Path) -> None:
    async with RunStore.open(tmp_path / "run.sqlite", clock=lambda: 12.5) as store:
        assert store.stage("compile:1") is None
        await store.keep_stage("compile:1", "compile", None)
        kept = store.stage("compile:1")
        assert kept and kept.outcome is None and kept.name == "compile" and kept.at == 12.5


async def test_a_trial_that_was_cut_off_is_known_with_its_decisions_until_it_settles(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    taken = [
        Decision(DecisionId(1, 0), {"a": {"b": [0.1, None]}}, ("x", "y"), "y", None, 3, "é"),
        Decision(DecisionId(1, 1), {}, ("x",), "x", 1.0, 3, ""),
    ]
    async with RunStore.open(path) as store:
        await store.keep_cut(0, [])
        await store.keep_cut(1, taken)
        assert store.cut(0) == [] and store.cut(2) is None
    async with RunStore.open(path) as store:
        assert store.cut(1) == taken
        store.settle(trial(0))
        assert store.cut(0) is None
    async with RunStore.open(path) as store:
        assert store.cut(0) is None and store.cut(1) == taken


async def test_meta_and_events_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    async with RunStore.open(path, clock=lambda: 3.0) as store:
        store.set_meta("window", MappingProxyType({"size": 4}))
        assert store.get_meta("window") == {"size": 4} and store.get_meta("other", 1) == 1
        store.event("resumed", {"changed": ["budget"]})
    async with RunStore.open(path) as store:
        assert store.get_meta("window") == {"size": 4}
    with RunReader.open(path) as reader:
        (event,) = reader.events(Where(kind="resumed")).rows
        assert event.at == 3.0 and event.detail == {"changed": ["budget"]} and reader.meta() == {"window": {"size": 4}}


@pytest.mark.parametrize("data", [object(), {1: "a"}, b"bytes", {"x": {1, 2}}, 2**70])
async def test_what_a_store_cannot_keep_is_refused_before_anything_is_taken(tmp_path: Path, data: Any) -> None:
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        with pytest.raises(TypeError, match=r"sample\.data"):
            store.settle(trial(0), samples=[Sample(0, 0, data)])
        store.settle(trial(0), samples=[Sample(0, 0, {"fine": True})])
        assert store.settled() == 1


@pytest.mark.parametrize("endless", [nan, inf, -inf])
@pytest.mark.parametrize(
    ("place", "records"),
    [
        ("sample.data['a'][1]", lambda x: {"samples": [Sample(0, 0, {"b": None, "a": (1.0, x)})]}),
        ("sample.data", lambda x: {"samples": [Sample(0, 0, x)]}),
        ("decision.context['x']", lambda x: {"decisions": [decision(context={"x": x})]}),
        ("decision.probability", lambda x: {"decisions": [decision(probability=x)]}),
        ("reward.parts['x']", lambda x: {"rewards": [reward(parts={"x": x})]}),
        ("reward.value", lambda x: {"rewards": [reward(value=x)]}),
        ("reward.raw", lambda x: {"rewards": [reward(raw=x)]}),
        ("verdict.score", lambda x: {"verdicts": [Verdict(0, 0, "v", True, x)]}),
    ],
)
async def test_nan_and_infinity_are_refused_and_not_made_null(
    tmp_path: Path, place: str, records: Callable[[float], dict[str, Any]], endless: float
) -> None:
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        with pytest.raises(ValueError, match=f"^{re.escape(place)} is .*finite"):
            store.settle(trial(0), **records(endless))
        store.settle(trial(0), **records(0.5))


async def test_null_and_its_name_are_kept(tmp_path: Path) -> None:
    data: Any = {"null": [None, "null", 1, 0.5, True, {}, MappingProxyType({"a": ()})]}
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        store.settle(trial(0), samples=[Sample(0, 0, data), Sample(0, 1, None)])
        await store.flush()
        ((kept, nothing),) = (settled.samples for settled in store.history())
    assert kept.data == {"null": [None, "null", 1, 0.5, True, {}, {"a": []}]} and nothing.data is None


def decision(**changes: Any) -> Decision:
    return replace(Decision(DecisionId(0, 0), {}, ("a",), "a", 1.0, 0, ""), **changes)


def reward(**changes: Any) -> Reward:
    return replace(Reward(DecisionId(0, 0), 0.5, 0.5, {}, 0), **changes)


class Scalar:
    """What another library calls a number: `operator.index` and `float` take it for one, SQLite does not."""

    def __index__(self) -> int:
        return 1

    def __float__(self) -> float:
        return 1.0


MISFITS: list[tuple[str, dict[str, Any]]] = [
    ("two samples", {"samples": [Sample(0, 3, 1), Sample(0, 4, 1), Sample(0, 3, 2)]}),
    (r"sample\.index is -1", {"samples": [Sample(0, -1, 1)]}),
    (r"sample\.index is 16777216", {"samples": [Sample(0, 1 << 24, 1)]}),
    (r"sample\.index", {"samples": [Sample(0, cast(int, Scalar()), 1)]}),
    (r"sample\.step", {"samples": [Sample(0, 0, 1, step=cast(int, Scalar()))]}),
    (r"sample\.accepted", {"samples": [Sample(0, 0, 1, accepted=cast(bool, Scalar()))]}),
    ("a sample of trial 1", {"samples": [Sample(1, 0, 1)]}),
    ("a verdict of trial 1", {"verdicts": [Verdict(1, 0, "v", True)]}),
    (r"verdict\.sample", {"verdicts": [Verdict(0, cast(int, Scalar()), "v", True)]}),
    (r"verdict\.passed", {"verdicts": [Verdict(0, 0, "v", cast(bool, Scalar()))]}),
    (r"verdict\.score", {"verdicts": [Verdict(0, 0, "v", True, cast(float, Scalar()))]}),
    (r"reward\.value", {"rewards": [reward(value=Scalar())]}),
    ("a decision of trial 1", {"decisions": [decision(id=DecisionId(1, 0))]}),
    ("a reward of trial 1", {"rewards": [reward(settled_by=1)]}),
]


@pytest.mark.parametrize(("said", "records"), MISFITS)
async def test_a_record_that_fits_no_row_is_refused_before_anything_is_taken(
    tmp_path: Path, said: str, records: dict[str, Any]
) -> None:
    path = tmp_path / "run.sqlite"
    async with RunStore.open(path) as store:
        with pytest.raises((TypeError, ValueError), match=said):
            store.settle(trial(0), **records)
        store.settle(trial(0), samples=[Sample(0, 0, 1)])
    async with RunStore.open(path) as store:
        assert store.settled() == 1


async def test_half_a_character_in_a_name_is_no_end_of_a_run(tmp_path: Path) -> None:
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        store.settle(trial(0), verdicts=[Verdict(0, 0, "half: \ud800", True)])
        await store.flush()


async def test_a_caller_that_is_faster_than_the_disk_is_made_to_wait(tmp_path: Path, settle: Settle) -> None:
    """Another program keeps the writer waiting; the caller is let on when the writer has caught up."""
    path = tmp_path / "run.sqlite"
    async with RunStore.open(path) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await store.room()
            for n in range(300):
                settle(store, n)
            waiting = asyncio.ensure_future(store.room())
            await asyncio.sleep(0)
            assert not waiting.done()
            other.execute("ROLLBACK")
        await waiting


async def test_a_mistake_of_our_own_stops_the_store_loudly_and_keeps_what_was_committed(tmp_path: Path, settle: Settle) -> None:
    path = tmp_path / "run.sqlite"
    store = RunStore.open(path)
    settle(store, 0)
    await store.flush()
    settle(store, 1)
    store.keep_reply(ReplyRow(2, 0, 0, "m", cast(bytes, None), None, 0, b""))
    with pytest.raises(sqlite3.IntegrityError):
        await store.flush()
    attempts: list[Callable[[], object]] = [
        lambda: settle(store, 3),
        lambda: store.decision(DecisionId(0, 0)),
        lambda: store.set_meta("a", 1),
    ]
    for attempt in attempts:
        with pytest.raises(sqlite3.IntegrityError):
            attempt()
    for again in (store.room(), store.grant({}), store.close()):
        with pytest.raises(sqlite3.IntegrityError):
            await again
    async with RunStore.open(path) as store:
        assert store.settled() == 1


async def test_a_store_closes_while_every_thread_of_the_loop_is_busy(tmp_path: Path) -> None:
    loop, leave = asyncio.get_running_loop(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        loop.set_default_executor(pool)
        busy = loop.run_in_executor(None, leave.wait)
        try:
            store = RunStore.open(tmp_path / "run.sqlite")
            store.settle(trial(0))
            async with asyncio.timeout(20):
                await store.close()
                await store.close()
        finally:
            leave.set()
            await busy
    assert os.listdir(tmp_path) == ["run.sqlite"]  # noqa: PTH208


async def test_a_closed_store_takes_nothing(tmp_path: Path) -> None:
    store = RunStore.open(tmp_path / "run.sqlite")
    await store.close()
    with pytest.raises(RuntimeError, match="closed"):
        store.settle(trial(0))
    assert os.listdir(tmp_path) == ["run.sqlite"]  # noqa: PTH208


async def test_a_run_without_trials_has_no_history(tmp_path: Path) -> None:
    async with RunStore.open(tmp_path / "run.sqlite") as store:
        nothing: list[SettledTrial] = list(store.history())
        assert nothing == [] and store.settled() == 0
