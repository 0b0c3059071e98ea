"""The vocabulary of DESIGN as frozen data. Nothing here acts; every room speaks these words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
"""What a store can keep: finite numbers, no bytes, string keys."""

Fields: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Example:
    """An input, maybe with a reference answer. `context` is what is to be read for it: a passage, some paragraphs."""

    id: str
    inputs: Fields
    reference: Json = None
    context: str | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    """A named way to act. `params` are for the workflow, `features` for policies that generalise over arms."""

    name: str
    params: Fields = field(default_factory=dict)
    features: Mapping[str, float] = field(default_factory=dict)


class DecisionId(NamedTuple):
    trial: int
    step: int


@dataclass(frozen=True, slots=True)
class Decision:
    """One choice: what was known, what was offered, what was taken and how likely that was.

    `probability` is None where the policy has no closed form; `version` counts the trials the policy had learned from.
    """

    id: DecisionId
    context: Fields
    arms: tuple[str, ...]
    arm: str
    probability: float | None
    version: int
    reason: str


@dataclass(frozen=True, slots=True)
class Reward:
    """What a decision earned: `raw` in the workflow's unit, `value` scaled to 0..1, `parts` as they were measured.

    `settled_by` is the trial whose settling gave it: a later one than the decision's when the reward came late. One of weight
    2 counts as two.
    """

    decision: DecisionId
    value: float
    raw: float
    parts: Fields
    settled_by: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """An output: a data row, an answer, a prediction. `index` counts within its trial; `accepted` is known once settled."""

    trial: int
    index: int
    data: Json
    step: int | None = None
    parents: tuple[str, ...] = ()
    accepted: bool | None = None

    @property
    def id(self) -> str:
        return f"{self.trial}.{self.index}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a validator or metric says of one sample."""

    trial: int
    sample: int
    validator: str
    passed: bool
    score: float | None = None
    reason: str | None = None
    late: bool = False
    """True where it was given in settling, from what other trials came to."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a trial failed, as it is stored: the name of the error class and its message."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """A settled trial. `data` is what the workflow's `act` handed to its `settle` beside the samples."""

    number: int
    item: str
    failure: Failure | None
    data: Json
    started: float
    settled: float


CallStatus: TypeAlias = Literal["open", "settled", "failed", "assumed", "lost", "cached"]
"""open: in flight. settled: answered and billed as reported. failed: answered with an error, not billed.
assumed: no trustworthy bill, charged its whole reservation. lost: in flight when the process died, charged like that.
cached: not sent."""


@dataclass(frozen=True, slots=True)
class Call:
    """One physical request to a model, as the ledger keeps it. None is unknown, never 0.

    While it is open, its tokens and price are what is reserved for it: the most that it can come to.
    """

    id: int
    trial: int
    step: int
    model: str
    attempt: int
    status: CallStatus
    purpose: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    nano_usd: int | None = None
    latency_s: float | None = None
    error: str | None = None
    started: float = 0.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something a reader of the run should know: a start, a resume, a changed limit, an open circuit."""

    at: float
    kind: str
    detail: Fields
