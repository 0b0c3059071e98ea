"""Where every accepted row comes from, in the terms of W3C PROV, as PROV-JSON: entities, activities, agents, their relations.

Rows, seeds, prompts (by digest), the recipe and the dataset are entities; batches and calls are activities; models and the
policy are agents.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from loopwright.loop.work import Ended
from loopwright.records import Call, Decision, Sample
from loopwright.store.columns import text
from loopwright.store.history import SettledTrial
from loopwright.store.reader import RunReader, Where
from loopwright.workflows.datagen.reading import rows, version

_AGENT = {"prov:type": {"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"}}
_PLAN = {"prov:type": {"$": "prov:Plan", "type": "prov:QUALIFIED_NAME"}}
_COLLECTION = {"prov:type": {"$": "prov:Collection", "type": "prov:QUALIFIED_NAME"}}


def provenance(reader: RunReader, ended: Ended) -> dict[str, Any]:
    graph = _Graph()
    dataset = f"lw:dataset/{version(row for _, row in rows(reader))}"
    graph.put("entity", dataset, _COLLECTION)
    graph.put("entity", f"lw:recipe/{ended.digest}", _PLAN)
    graph.put("agent", "lw:policy", {**_AGENT, "lw:policy": text(ended.spec.policy.model_dump(mode="json"))})
    for model in ended.spec.models:
        told = {"lw:provider": model.provider, "lw:model": model.name}
        graph.put("agent", f"lw:model/{model.id}", {**_AGENT, **told})
    wanted = _lines(reader)
    for trial in reader.history():
        kept = [sample for sample in trial.samples if sample.id in wanted]
        if kept:
            _batch(graph, reader, trial, ended)
        for sample in kept:
            _row(graph, trial, sample)
            if sample.index in trial.accepted:
                graph.relate("hadMember", collection=dataset, entity=f"lw:row/{sample.id}")
    return {"prefix": {"lw": f"urn:loopwright:{ended.folder.name}:"}, **graph.found}


class _Graph:
    def __init__(self) -> None:
        self.found: dict[str, dict[str, dict[str, Any]]] = {}

    def put(self, kind: str, name: str, told: Mapping[str, Any]) -> None:
        """Attributes that are unknown are left out."""
        self.found.setdefault(kind, {})[name] = {key: value for key, value in told.items() if value is not None}

    def relate(self, relation: str, **ends: str) -> None:
        held = self.found.setdefault(relation, {})
        held[f"_:{relation}{len(held)}"] = {f"prov:{role}": name for role, name in ends.items()}


def _lines(reader: RunReader) -> set[str]:
    """The accepted rows, and the rows that those came from."""
    parents: dict[str, tuple[str, ...]] = {}
    accepted: list[str] = []
    for trial in reader.history():
        for sample in trial.samples:
            parents[sample.id] = sample.parents
            accepted += [sample.id] if sample.index in trial.accepted else []
    found, line = set(accepted), deque(accepted)
    while line:
        fresh = [parent for parent in parents.get(line.popleft(), ()) if parent not in found]
        found.update(fresh)
        line.extend(fresh)
    return found


def _batch(graph: _Graph, reader: RunReader, trial: SettledTrial, ended: Ended) -> None:
    name = f"lw:batch/{trial.trial.number}"
    rewards = {reward.decision: reward.value for reward in trial.rewards}
    told: dict[str, Any] = {"prov:startTime": _moment(trial.trial.started), "prov:endTime": _moment(trial.trial.settled)}
    for decision in trial.decisions:
        told |= {**_decided(decision), "lw:reward": rewards.get(decision.id)}
    graph.put("activity", name, told)
    graph.relate("wasAssociatedWith", activity=name, agent="lw:policy", plan=f"lw:recipe/{ended.digest}")
    for call in _calls(reader, trial):
        graph.put("activity", f"lw:call/{call.id}", _called(call))
        graph.relate("wasAssociatedWith", activity=f"lw:call/{call.id}", agent=f"lw:model/{call.model}")
        graph.relate("wasInformedBy", informed=name, informant=f"lw:call/{call.id}")


def _calls(reader: RunReader, trial: SettledTrial) -> Iterator[Call]:
    yield from reader.calls(Where(trial=trial.trial.number), limit=100_000).rows


def _decided(decision: Decision) -> dict[str, Any]:
    told = {"lw:arm": decision.arm, "lw:probability": decision.probability}
    return {**told, "lw:policyVersion": decision.version, "lw:reason": decision.reason}


def _called(call: Call) -> dict[str, Any]:
    return {
        "prov:startTime": _moment(call.started),
        "lw:purpose": call.purpose,
        "lw:status": call.status,
        "lw:inputTokens": call.input_tokens,
        "lw:outputTokens": call.output_tokens,
        "lw:nanoUsd": call.nano_usd,
    }


def _row(graph: _Graph, trial: SettledTrial, sample: Sample) -> None:
    data: Any = sample.data
    led = data["lineage"]
    name, batch = f"lw:row/{sample.id}", f"lw:batch/{sample.trial}"
    verdicts = [each for each in trial.verdicts if each.sample == sample.index]
    graph.put("entity", name, {
        "lw:data": text(data["row"]),
        "lw:accepted": sample.index in trial.accepted,
        "lw:grammarPath": led.get("path"),
        "lw:passed": [each.validator for each in verdicts if each.passed] or None,
        "lw:failed": [each.validator for each in verdicts if not each.passed] or None,
    })  # fmt: skip
    graph.relate("wasGeneratedBy", entity=name, activity=batch)
    for model in led["model"].split(", ") if led.get("model") else ():
        graph.relate("wasAttributedTo", entity=name, agent=f"lw:model/{model}")
    for parent in sample.parents:
        source = f"lw:row/{parent}" if parent[:1].isdigit() else f"lw:{parent}"
        if not parent[:1].isdigit():
            graph.put("entity", source, {})
        graph.relate("wasDerivedFrom", generatedEntity=name, usedEntity=source)
    for prompt in led.get("prompts", ()):
        graph.put("entity", f"lw:prompt/{prompt}", {})
        graph.relate("used", activity=batch, entity=f"lw:prompt/{prompt}")


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
