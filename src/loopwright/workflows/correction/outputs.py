"""The files of a run, derived from its store at any time: traces, decisions, a summary, and what the policy learned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson

from loopwright.errors import UsageError
from loopwright.loop.work import Ended
from loopwright.policy import state
from loopwright.records import Json
from loopwright.store.export import replaced
from loopwright.store.reader import RunReader
from loopwright.store.rows import TRIAL
from loopwright.workflows.correction import bank
from loopwright.workflows.correction.lives import Lives
from loopwright.workflows.correction.spec import CorrectionSpec
from loopwright.workflows.correction.summary import Summary
from loopwright.workflows.correction.traces import About, Trace, record, traces


def write(ended: Ended) -> list[Path]:
    """Replaces them: what settled so far is in them. Their names have the date of the run's start."""
    spec = cast(CorrectionSpec, ended.spec)
    with RunReader.open(ended.store) as reader:
        meta = reader.meta()
        about = About.of(spec.dataset.name, meta)
        began = datetime.fromtimestamp(about.started, UTC)
        files = {
            "traces": ended.folder / f"traces_{began:%Y%m%d}.jsonl",
            "decisions": ended.folder / "decisions.jsonl",
            "summary": ended.folder / f"summary_{began:%Y%m%d_%H%M%S}.json",
        }
        summary = _read_through(reader, about, spec, files)
        with replaced(files["summary"]) as out:
            out.write(_pretty(summary.plain(meta)))
    return [*files.values(), *_policy(ended)]


def _read_through(reader: RunReader, about: About, spec: CorrectionSpec, files: dict[str, Path]) -> Summary:
    """One pass over all traces."""
    styles = {arm.name: bank.style(arm) for arm in bank.arms(spec.reprompts)[1:]}
    summary = Summary(spec, reader.count(TRIAL), Lives.of(reader))
    with ExitStack() as stack:
        out, decided = (stack.enter_context(replaced(files[name])) for name in ("traces", "decisions"))
        for trace in traces(reader, about):
            summary.add(trace, styles)
            if trace.settled.trial.failure is None:
                out.write(_line(record(trace, about, reader)))
            for line in _decisions(trace):
                decided.write(_line(line))
    return summary


def _decisions(trace: Trace) -> Iterator[dict[str, Json]]:
    """What the policy saw, did and earned; `turn_id` is the turn that it decided after."""
    for turn, decision in enumerate(trace.decisions):
        reward = trace.rewards.get(decision.id)
        yield {
            "trace_id": trace.id,
            "turn_id": turn,
            "context_key": decision.context["cell"],
            "features": decision.context,
            "action": decision.arm,
            "propensity": decision.probability,
            "policy_version": decision.version,
            "reason": decision.reason,
            "reward": None if reward is None else reward.raw,
            "reward_parts": None if reward is None else reward.parts,
            "billed_tokens": trace.turns[turn + 1]["tokens"]["billed"] if turn + 1 < len(trace.turns) else 0,
        }


def _policy(ended: Ended) -> list[Path]:
    """What `warm_start` begins with. A run that decided nothing has learned nothing."""
    try:
        learned = ended.learned()
    except UsageError:
        return []
    file = ended.folder / "final_policy.json"
    state.write(file, learned, replace=True)
    return [file]


def _line(data: Any) -> bytes:
    return orjson.dumps(data, option=orjson.OPT_APPEND_NEWLINE)


def _pretty(data: Any) -> bytes:
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
