"""How each record looks as a row of a table, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from datetime import datetime
from typing import Any, TypeAlias

from loopwright.cli.screen import Column, as_json
from loopwright.measure.intervals import Interval
from loopwright.records import Call, Decision, Event, Fields, Sample, TrialRecord
from loopwright.report.amounts import count, share, usd
from loopwright.runs.compare import Parting, TableDiff
from loopwright.runs.read import Cap, Stages
from loopwright.store.lineage import Origin
from loopwright.store.summary import ArmRewards, ContextArm, Failures, PassRate, Spend

Form: TypeAlias = tuple[Sequence[Column], Callable[[Any], Sequence[object]]]


def columns(names: str) -> tuple[Column, ...]:
    """From `name >number =whole ?>spare`: what is marked `>` stands to the right, `=` is not broken, `?` can be left out, and
    sooner with more of them."""
    return tuple(_column(name, name[: len(name) - len(name.lstrip("?>="))]) for name in names.split())


def _column(name: str, marks: str) -> Column:
    return Column(name.lstrip("?>=").replace("_", " "), ">" in marks, "=" in marks, marks.count("?"))


ARMS = columns("arm >pulls >rewards >mean >mean_unscaled")
PASSED = columns("validator >verdicts >passed >rate")
SPENT = columns("model >calls >tokens_in >tokens_out >spent")
FAILURES = columns("failure >trials example")
OVERALL = columns("arm >pulls ??>share ???>rewards >mean =95_%_interval ????>mean_unscaled ?=over_time")
LEARNED = columns("context arm >pulls ??>rewards >mean ???>mean_unscaled ?=over_time")
FEATURES = columns("arm feature >adds =95_%_interval")
DECISIONS = columns("trial ?>step context arm ??>probability reason")
DIFFS = columns("table >rows_of_A >rows_of_B >different")


def arm(each: ArmRewards) -> Sequence[object]:
    return (each.arm, count(each.decisions), count(each.rewards), number(each.mean), number(each.mean_raw))


def passed(each: PassRate) -> Sequence[object]:
    return (each.validator, count(each.verdicts), count(each.passed), share(each.passed, each.verdicts))


def spent(each: Spend) -> Sequence[object]:
    return (each.model, count(each.calls), each.input_tokens.told(), each.output_tokens.told(), each.nano_usd.told(usd))


def failures(each: Failures) -> Sequence[object]:
    return (each.kind, count(each.trials), each.example)


def learned(each: ContextArm, over_time: str) -> Sequence[object]:
    means = (number(each.mean), number(each.mean_raw))
    return (context(each.context), each.arm, count(each.decisions), count(each.rewards), *means, over_time)


def interval(held: Interval | None) -> str:
    return "-" if held is None else f"{held.low:.3f} to {held.high:.3f}"


def decision(each: Decision) -> Sequence[object]:
    return (each.id.trial, each.id.step, context(each.context), each.arm, number(each.probability, "unknown"), each.reason)


def diff(each: TableDiff) -> Sequence[object]:
    return (each.table, count(each.left_rows), count(each.right_rows), count(each.rows))


def parting(each: Parting) -> str:
    """One line: where, and what stands on either side."""
    place = f"{each.table} {each.row}"
    if each.column is None:
        return f"{place}: only in {'A' if each.right is None else 'B'}"
    return f"{place}: {each.column} is {short(each.left)} in A, {short(each.right)} in B"


def cap(each: Cap) -> str:
    owner, _, unit = each.account.rpartition(":")
    show: Callable[[int], str] = usd if unit == "nano_usd" else count
    whose = "" if owner == "run" else f"{owner.removeprefix('model/')} "
    return f"{whose}{'usd' if unit == 'nano_usd' else unit} {show(each.taken)} of {show(each.limit)}"


def stages(each: Stages) -> str:
    more = each.ended - len(each.first)
    return ", ".join(each.first) + (f" and {count(more)} more" if more else "")


def _trial(each: TrialRecord) -> Sequence[object]:
    failed = "" if each.failure is None else f"{each.failure.kind}: {each.failure.message}"
    return (each.number, each.item, f"{each.settled - each.started:.1f} s", failed or "ok", short(each.data))


def _sample(each: Sample) -> Sequence[object]:
    verdict = {True: "yes", False: "no", None: "-"}[each.accepted]
    return (each.id, verdict, ", ".join(each.parents) or "-", short(each.data))


def _call(each: Call) -> Sequence[object]:
    took = "-" if each.latency_s is None else f"{each.latency_s:.2f} s"
    place = f"{each.trial}.{each.step}" if each.trial >= 0 else f"stage {-each.trial}"
    tokens = (count(each.input_tokens), count(each.output_tokens))
    return (each.id, place, each.model, each.status, each.attempt, *tokens, usd(each.nano_usd), took, each.error or "")


def _event(each: Event) -> Sequence[object]:
    return (moment(each.at), each.kind, short(each.detail))


PARTS: Mapping[str, Form] = {
    "trials": (columns(">trial item >took outcome data"), _trial),
    "samples": (columns("sample accepted parents data"), _sample),
    "calls": (columns(">call trial.step model status >attempt >tokens_in >tokens_out >cost >latency error"), _call),
    "events": (columns("time event detail"), _event),
    "failures": (FAILURES, failures),
}


def origin(each: Origin) -> str:
    """A row and what led to it, as a paragraph."""
    sample, trial = each.sample, each.trial
    accepted = {True: "accepted", False: "not accepted", None: "not judged"}[sample.accepted]
    lines = [f"row {sample.id}, {accepted}", *_held(sample.data), f"  item      {trial.item}"]
    for taken in each.decisions:
        chance = "" if taken.probability is None else f" with probability {taken.probability:.3f}"
        lines.append(f"  decision  {taken.arm} of {', '.join(taken.arms)}{chance}: {taken.reason}")
        lines.append(f"  policy    as of {count(taken.version)} trials")
    for reward in each.rewards:
        late = f", given by trial {reward.settled_by}" if reward.settled_by != trial.number else ""
        lines.append(f"  reward    {reward.value:.3f} ({reward.raw:g} unscaled{late}) {short(reward.parts)}")
    for verdict in each.verdicts:
        said = "passed" if verdict.passed else "failed"
        score = "" if verdict.score is None else f", score {verdict.score:g}"
        lines.append(f"  verdict   {verdict.validator}: {said}{score}{'; ' + verdict.reason if verdict.reason else ''}")
    for call in each.calls:
        tokens = f"{count(call.input_tokens)} tokens in, {count(call.output_tokens)} out"
        purpose = f" for {call.purpose}" if call.purpose else ""
        lines.append(f"  call      {call.id} to {call.model}{purpose}: {call.status}, {tokens}, {usd(call.nano_usd)}")
    if sample.parents:
        lines.append(f"  parents   {', '.join(sample.parents)}")
    return "\n".join(lines)


def _held(data: Any) -> list[str]:
    """What a sample holds. A row that tells where it comes from is told part by part."""
    if not (isinstance(data, Mapping) and "row" in data and isinstance(data.get("lineage"), Mapping)):
        return [f"  data      {as_json(data)}"]
    led = {name: value for name, value in data["lineage"].items() if name not in ("calls", "parents")}
    return [f"  row       {as_json(data['row'])}", *(f"  {name:<9} {_plain(value)}" for name, value in led.items())]


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return context(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def fields(record: Any) -> Any:
    """A record as JSON has it: dataclasses and named tuples by the names of their fields."""
    if is_dataclass(record) and not isinstance(record, type):
        return {field.name: fields(getattr(record, field.name)) for field in dataclass_fields(record)}
    if isinstance(record, tuple) and hasattr(record, "_fields"):
        return {name: fields(value) for name, value in zip(record._fields, record, strict=True)}
    if isinstance(record, Mapping):
        return {str(key): fields(value) for key, value in record.items()}
    if isinstance(record, (list, tuple)):
        return [fields(value) for value in record]
    return record


def number(value: float | None, unknown: str = "-") -> str:
    return unknown if value is None else f"{value:.3f}"


def context(given: Fields) -> str:
    return ", ".join(f"{key}={short(value)}" for key, value in given.items()) or "-"


def short(value: Any, width: int = 100) -> str:
    text = value if isinstance(value, str) else as_json(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def moment(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(" ", "seconds")
