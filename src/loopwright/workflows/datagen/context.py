"""What a batch may know of the others, and what of it and of the recipe a contextual policy looks at, typed and as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import log2
from typing import Any, NamedTuple

from loopwright.policy import build
from loopwright.policy.apart import Apart
from loopwright.policy.encoding import Encoding
from loopwright.policy.linear import Linear
from loopwright.policy.modifier import chain, innermost
from loopwright.records import Arm, Fields, Json
from loopwright.spec.blocks import Named
from loopwright.workflows.datagen.brief import Brief
from loopwright.workflows.datagen.ledger import Account
from loopwright.workflows.datagen.material import Material
from loopwright.workflows.datagen.spec import ArmBlock

_RANGES = {
    "progress": (0.0, 1.0),
    "deficit": (0.0, 1.0),
    "deficits": (0.0, 1.0),
    "rejects": (0.0, 1.0),
    "grammar": (0.0, 1.0),
    "schema": (0.0, 1.0),
    "labels": (0.0, 8.0),
    "seeds": (0.0, 14.0),
    "constraints": (0.0, 5.0),
    "complexity": (0.0, 7.0),
}


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


@dataclass(frozen=True, slots=True)
class Setting:
    """What is so through all of a run, and may differ from one recipe to the next. Amounts are `log2(1 + n)`, so that thousands
    are not beyond all measure."""

    grammar: float
    """1 where there is one."""
    schema: float
    """1 where the recipe says itself what a row holds."""
    labels: float
    """How many are wanted."""
    seeds: float
    """How many can be shown as examples."""
    constraints: float
    """How many validators and facts a row is held to."""
    complexity: float
    """How many values a row holds, also in structures within structures."""

    @classmethod
    def of(cls, brief: Brief, seeds: int) -> Setting:
        recipe = brief.recipe
        held_to = len(brief.validators) + len(brief.unchecked)
        return cls(
            float(recipe.grammar is not None),
            float(recipe.constraints.fits is not None),
            *(_amount(n) for n in (len(brief.quotas.shares), seeds, held_to, values(brief.schema))),
        )


@dataclass(frozen=True, slots=True)
class Context:
    """What a contextual policy may look at when it decides about a batch."""

    setting: Setting
    progress: float
    """How much of the target is reached."""
    deficit: float
    """By how much the share of the label that is furthest behind falls short."""
    deficits: float
    """By how much all labels that are behind fall short together."""
    rejects: float
    """The share of the last 50 rows, or so, that was rejected."""

    @classmethod
    def of(cls, seen: Seen, brief: Brief, setting: Setting) -> Context:
        behind = brief.quotas.deficits(seen.labels).values()
        figures = (seen.accepted / brief.quotas.target, max(behind, default=0.0), sum(behind), seen.rejects)
        return cls(setting, *(round(min(1.0, figure), 3) for figure in figures))

    def fields(self) -> Fields:
        """As it is stored with a decision."""
        own = {name: getattr(self, name) for name in ("progress", "deficit", "deficits", "rejects")}
        return {**own, **asdict(self.setting)}


def values(schema: Json) -> int:
    """How many values a row of that schema holds; of alternatives all count, a list counts as one of its entries."""
    return sum(map(values, _parts(schema))) or 1


def _parts(schema: Json) -> Iterator[Json]:
    if isinstance(schema, Mapping):
        named = schema.get("properties")
        yield from named.values() if isinstance(named, Mapping) else ()
        for word in ("prefixItems", "allOf", "anyOf", "oneOf"):
            listed = schema.get(word)
            yield from listed if isinstance(listed, list | tuple) else ()
        if isinstance(schema.get("items"), Mapping):
            yield schema["items"]


def _amount(n: int) -> float:
    return round(log2(1 + n), 3)


def contextual(policy: Named) -> bool:
    """Whether a policy makes something of numbers, or says which fields count: any other would take every context for one that
    it never met."""
    built = build(policy)
    return isinstance(innermost(built), Linear) or any(isinstance(each, Apart) for each in chain(built))


def encoding(arms: Sequence[Arm]) -> Encoding:
    return Encoding(_RANGES, arms=arms)


def as_arm(block: ArmBlock, brief: Brief) -> Arm:
    """An arm with the numbers that set it apart: of what kind it is, and how freely its model writes."""
    heat: Any = block.params.get("temperature", 1.0)
    model = block.model or brief.writer
    params: dict[str, Any] = {"kind": block.kind, **({"model": model} if model else {}), **block.params}
    kinds = dict.fromkeys(arm.kind for arm in brief.arms)
    return Arm(block.id, params, {**{kind: float(block.kind == kind) for kind in kinds}, "temperature": float(heat)})
