"""The blocks that every workflow's spec is made of, and the base it extends.

A field marked `INCIDENTAL` does not change what a run comes to, so the digest that identifies the run leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from loopwright.errors import Problem


class Incidental:
    """Marks a field that the run's digest leaves out."""


INCIDENTAL = Incidental()


class Block(BaseModel):
    """A mapping in a spec: known keys only, exact types, frozen once read.

    A list in the spec will do for a tuple; below a validator of mode "before" the field must say so with `Field(strict=False)`.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Limits(Block):
    """How fast an endpoint may be asked, and how long one exchange may take."""

    rpm: Annotated[float | None, Field(gt=0, description="requests per minute")] = None
    tpm: Annotated[float | None, Field(gt=0, description="tokens per minute, in and out")] = None
    delay_s: Annotated[float | None, Field(gt=0, description="seconds between requests, at least")] = None
    concurrency: Annotated[int, Field(ge=1, le=100_000, description="requests in flight at most")] = 32
    timeout_s: Annotated[float, Field(gt=0, description="deadline of one whole exchange")] = 60.0
    retries: Annotated[int, Field(ge=0, le=100, description="further attempts after the first")] = 4


class Pricing(Block):
    """USD per 1,000 tokens. What is not said is unknown, never 0."""

    input_per_1k: Annotated[float, Field(ge=0)]
    output_per_1k: Annotated[float, Field(ge=0)]
    cached_input_per_1k: Annotated[float | None, Field(ge=0)] = None


class FromEnv(Block):
    """A value read from the environment when it is used, never stored."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


Header = Annotated[str | FromEnv, Field(union_mode="left_to_right")]


class Budget(Block):
    """Caps. Nothing is spent beyond them; a run that reaches one can be resumed with a higher one."""

    usd: Annotated[float | None, Field(ge=0)] = None
    tokens: Annotated[int | None, Field(ge=0)] = None
    calls: Annotated[int | None, Field(ge=0)] = None


class ModelBlock(Block):
    """One model, by the id that the rest of the spec calls it."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    provider: Annotated[str, Field(description="openai | anthropic | litellm | tiny | scripted | replay | record")]
    model: Annotated[str | None, Field(description="the provider's name for it; default: the id")] = None
    base_url: Annotated[str | None, Field(pattern=r"^https?://"), INCIDENTAL] = None
    api_key_env: Annotated[
        str | None, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="the variable that holds the key"), INCIDENTAL
    ] = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    top_p: Annotated[float | None, Field(gt=0, le=1)] = None
    max_output_tokens: Annotated[int | None, Field(ge=1)] = None
    limits: Annotated[Limits, INCIDENTAL] = Limits()
    allow_private: Annotated[
        bool, Field(description="let a host name resolve to a private or link-local address"), INCIDENTAL
    ] = False
    token_param: Literal["auto", "max_tokens", "max_completion_tokens"] = "auto"  # noqa: S105
    headers: dict[str, Header] = {}
    pricing: Annotated[Pricing | None, INCIDENTAL] = None
    fallback: Annotated[str | None, Field(description="the model asked when this one stays unavailable")] = None
    budget: Annotated[Budget | None, Field(description="caps for this model alone"), INCIDENTAL] = None
    script: Annotated[str | list[str] | None, Field(description="scripted: `module:function`, or the answers in turn")] = None
    cassette: Annotated[str | None, Field(description="replay, record: the cassette file")] = None
    of: Annotated[str | None, Field(description="record: the id of the model that is recorded")] = None

    @property
    def name(self) -> str:
        """What the provider calls this model."""
        return self.model or self.id


def schema_with(core: CoreSchema, handler: GetJsonSchemaHandler, *short: JsonSchemaValue) -> JsonSchemaValue:
    """The JSON Schema of a block that may be written in these short forms, too."""
    full = handler(core)
    described = handler.resolve_ref_schema(full)
    whole = ("type", "properties", "required", "additionalProperties")
    long = {key: described.pop(key) for key in whole if key in described}
    described["anyOf"] = [*short, long]
    return full


class Named(Block):
    """A kind of something with its arguments: `uniform`, `{fixed: balanced}`, `{epsilon_greedy: {epsilon: 0.1}}`, or
    `{kind: epsilon_greedy, epsilon: 0.1}`."""

    kind: str
    argument: JsonValue = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, given: object) -> object:
        if isinstance(given, str):
            return {"kind": given}
        if not isinstance(given, dict | Named):
            raise ValueError("is neither a name nor {name: arguments}")
        if isinstance(given, dict) and "kind" not in given:
            if len(given) != 1:
                raise ValueError(f"names {len(given)} kinds where one is asked for; write {{name: arguments}}")
            ((kind, argument),) = given.items()
            return {"kind": kind, "argument": argument}
        if isinstance(given, dict) and not given.keys() <= {"kind", "argument"}:
            return {"kind": given["kind"], "argument": {name: value for name, value in given.items() if name != "kind"}}
        return given

    @model_serializer
    def _shortest(self) -> JsonValue:
        if self.kind in ("kind", "argument"):
            return {"kind": self.kind, "argument": self.argument}
        return self.kind if self.argument is None else {self.kind: self.argument}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        short = {"type": "object", "minProperties": 1, "maxProperties": 1, "not": {"required": ["kind"]}}
        full = schema_with(core, handler, {"type": "string"}, short)
        handler.resolve_ref_schema(full)["anyOf"][-1]["additionalProperties"] = True
        return full


class Monitor(Block):
    """Where figures of the run go while it goes on, beside the terminal. What fails there never fails the run."""

    tensorboard: Annotated[str | None, Field(min_length=1, description="a folder for TensorBoard, beside the spec")] = None
    wandb: Annotated[str | None, Field(min_length=1, description="a project of Weights & Biases")] = None
    jsonl: Annotated[str | None, Field(min_length=1, description="a file of JSON lines, beside the spec")] = None


def domain_apart(given: dict[str, Any]) -> dict[str, Any]:
    """A spec whose policy names a domain, as in `policy: {memory: DOMAIN}`, with the domain where it holds for any policy."""
    policy = given.get("policy")
    if not isinstance(policy, dict) or "memory" not in policy or "memory" in given:
        return given
    rest = {name: value for name, value in policy.items() if name != "memory"}
    others = {name: value for name, value in given.items() if name != "policy"}
    return {**others, "memory": policy["memory"], **({"policy": rest} if rest else {})}


class RunSpec(Block):
    """What every workflow's spec has. A workflow adds its own fields in a subclass."""

    workflow: str
    name: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"), INCIDENTAL] = None
    models: Annotated[tuple[ModelBlock, ...], Field(strict=False)] = ()
    policy: Named = Named(kind="uniform")
    update_every: Annotated[int, Field(ge=1, description="the policy learns in blocks of so many trials")] = 1
    window: Annotated[int, Field(ge=1, description="trials that act at once")] = 4
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    budget: Annotated[Budget, INCIDENTAL] = Budget()
    trial_deadline_s: Annotated[float | None, Field(gt=0)] = None
    memory: Annotated[
        str | None,
        Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="begin with what earlier runs of this domain learned"),
    ] = None
    cache: Annotated[str | None, Field(description="a reply cache shared across runs; off by default"), INCIDENTAL] = None
    monitor: Annotated[Monitor, INCIDENTAL] = Monitor()
    executor: Annotated[Literal["local", "ray"], INCIDENTAL] = "local"
    output: Annotated[str, Field(description="the folder that holds the runs"), INCIDENTAL] = "runs"

    def wanted_samples(self) -> int | None:
        """How many accepted samples end a run of this spec, where they do."""
        return None

    def expected_trials(self) -> int | None:
        """How many trials a run of this spec is expected to take, where that is known beforehand."""
        return None

    def choices(self) -> int | None:
        """Between how many arms a decision is, at most, where that is known beforehand."""
        return None

    def runs(self) -> str:
        """The folder that holds the runs."""
        return self.output

    @classmethod
    def policy_in_full(cls, given: JsonValue) -> JsonValue:
        """A `policy:` as it stands in a file, with what this workflow takes it to mean."""
        return given

    def located(self, base: Path, begun: Self | None = None) -> Self:
        """The same with what it says in files, where those decide which arms there are: as a run has `begun` with it, else as
        it stands in `base`."""
        return self

    def named_files(self) -> Iterable[str]:
        """The files that `located` reads."""
        return ()

    def problems(self) -> Iterable[Problem]:
        """What is wrong with it beyond its types, each with its path in the file."""
        return ()

    def doubts(self, base: Path) -> Iterable[str]:
        """What the files that it names hold and its author may not have meant; they are looked for in `base`. Raises SpecError
        where a run could not begin with them."""
        return ()

    def notes(self) -> Iterable[str]:
        """What a run will assume and choose where the spec leaves it open, for its author to know."""
        return ()

    def caveats(self) -> Iterable[str]:
        """What must be said wherever results of a run of it are shown, beside which models are none."""
        return ()

    def calls_per_trial(self) -> int:
        """How many calls a trial makes side by side, as a rule."""
        return 1

    def asks_for_json(self) -> tuple[str, ...]:
        """The models that a run of this spec asks for structured answers; what their endpoints can do is probed first."""
        return ()
