"""Lineage: from a sample back to all it was made from."""

from __future__ import annotations

from pathlib import Path

from loopwright.records import Sample, TrialRecord
from loopwright.store.lineage import MOST_ANCESTORS, lineage
from loopwright.store.reader import RunReader
from loopwright.store.writer import RunStore


def test_a_sample_is_followed_to_its_roots(reader: RunReader) -> None:
    line = lineage(reader, "13.1")
    assert line and not line.cut
    assert [origin.sample.id for origin in line.origins] == ["13.1", "12.0", "11.0", "10.0"] and line.roots == ("seed",)
    origin = line.origins[0]
    assert origin.trial.number == 13 and [decision.id.step for decision in origin.decisions] == [1]
    assert [reward.raw for reward in origin.rewards] == [3.0]
    assert [verdict.validator for verdict in origin.verdicts] == ["length", "fresh"]
    assert [(call.step, call.nano_usd) for call in line.origins[1].calls] == [(0, 7)]


def test_no_sample_no_lineage(reader: RunReader) -> None:
    assert lineage(reader, "9.0") is None and lineage(reader, "seed") is None and lineage(reader, "1" * 30 + ".0") is None


async def test_shared_and_circular_and_endless_ancestry_end(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    async with RunStore.open(path) as store:
        loop = [Sample(0, 0, 0, parents=("0.1", "0.2")), Sample(0, 1, 0, parents=("0.2",)), Sample(0, 2, 0, parents=("0.0",))]
        store.settle(TrialRecord(0, "", None, None, 0, 0), samples=loop)
        long = [Sample(1, n, 0, parents=(f"1.{n + 1}",)) for n in range(MOST_ANCESTORS + 5)]
        store.settle(TrialRecord(1, "", None, None, 0, 0), samples=long)
    with RunReader.open(path) as reader:
        circle, line = lineage(reader, "0.0"), lineage(reader, "1.0")
    assert circle and [origin.sample.id for origin in circle.origins] == ["0.0", "0.1", "0.2"] and not circle.cut
    assert line and len(line.origins) == MOST_ANCESTORS and line.cut
