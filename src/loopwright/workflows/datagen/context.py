"""What a batch may know of the others, and the few bounded numbers of it that a contextual policy looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from loopwright.policy import build
from loopwright.policy.encoding import Encoding
from loopwright.policy.linear import Linear
from loopwright.policy.modifier import innermost
from loopwright.records import Arm, Fields
from loopwright.spec.blocks import Named
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.ledger import Account
from loopwright.workflows.datagen.material import Material
from loopwright.workflows.datagen.spec import ArmBlock

_RANGES = {"progress": (0.0, 1.0), "deficit": (0.0, 1.0), "rejects": (0.0, 1.0)}


class Seen(NamedTuple):
    """The run as of some batch: rows accepted, by label too; the share of the last rows that were rejected; what may be built
    on; the arms that were switched off; what there is to judge the rows by; at how many rows in a row validators raised."""

    accepted: int
    labels: Mapping[str, int]
    rejects: float
    material: Material
    off: frozenset[str]
    account: Account
    raising: Mapping[str, int]


def contextual(policy: Named) -> bool:
    """Whether a policy makes something of numbers: any other would take every context for one that it never met."""
    return isinstance(innermost(build(policy)), Linear)


def features(seen: Seen, brief: Brief) -> Fields:
    """How far the run is, how much any label lags behind, how much was rejected of late."""
    return {
        "progress": round(min(1.0, seen.accepted / brief.quotas.target), 3),
        "deficit": round(max(0.0, brief.quotas.deficit(seen.labels)), 3),
        "rejects": round(seen.rejects, 3),
    }


def encoding(arms: Sequence[Arm]) -> Encoding:
    return Encoding(_RANGES, arms=arms)


def as_arm(block: ArmBlock, brief: Brief) -> Arm:
    """An arm with the numbers that set it apart: of what kind it is, and how freely its model writes."""
    heat: Any = block.params.get("temperature", 1.0)
    model = block.model or brief.writer
    params: dict[str, Any] = {"kind": block.kind, **({"model": model} if model else {}), **block.params}
    kinds = dict.fromkeys(arm.kind for arm in brief.arms)
    return Arm(block.id, params, {**{kind: float(block.kind == kind) for kind in kinds}, "temperature": float(heat)})
