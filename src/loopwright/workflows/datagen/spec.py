"""The blocks of a recipe, as it is written. What follows from it stands in `brief`, what can be wrong with it in `checks`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, JsonValue, field_validator, model_validator

from loopwright.spec.blocks import INCIDENTAL, Block, Named, RunSpec
from loopwright.workflows.datagen.grammar.blocks import GrammarBlock
from loopwright.workflows.datagen.publish import Publishing

Format: TypeAlias = Literal["jsonl", "csv", "text", "parquet"]
Share = Annotated[float, Field(ge=0)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Task(Block):
    """What the rows are. All of it but `text` and `label` is told to the models that write."""

    description: Annotated[str, Field(min_length=1, description="what the dataset holds")] = "Rows of a dataset."
    labels: Annotated[dict[str, Share], Field(description="wanted shares of the accepted rows; a list wants equal ones")] = (
        Field(default_factory=dict)
    )
    audience: str | None = None
    tone: str | None = None
    languages: Annotated[tuple[str, ...], Field(strict=False)] = ()
    facts: Annotated[dict[str, str | int | float], Field(description="anything else that is so of every row")] = Field(
        default_factory=dict
    )
    text: Annotated[str, Field(min_length=1, description="the field that holds a row's text")] = "text"
    label: Annotated[str, Field(min_length=1, description="the field that holds a row's label")] = "label"

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        if isinstance(given, dict) and isinstance(given.get("labels"), list):
            labels = given["labels"]
            if not all(isinstance(label, str) for label in labels) or len(set(labels)) < len(labels):
                raise ValueError("lists labels that are not text, or one of them twice")
            return {**given, "labels": {label: 1.0 / len(labels) for label in labels}}
        return given

    @field_validator("labels")
    @classmethod
    def _wanted(cls, labels: dict[str, float]) -> dict[str, float]:
        if labels and not sum(labels.values()) > 0:
            raise ValueError("wants no label at all: give at least one a share above 0")
        return labels


class Seeds(Block):
    """Rows that are there already: shown to models as examples, and never written again."""

    path: Annotated[str, Field(min_length=1, description="a CSV, JSONL, JSON or Parquet file, beside the recipe")]
    fields: Annotated[dict[str, str], Field(description="our fields, each with its name in the file; default: the same")] = (
        Field(default_factory=dict)
    )


class Constraints(Block):
    model_config = ConfigDict(serialize_by_alias=True)

    fits: Annotated[
        dict[str, JsonValue] | None, Field(alias="schema", description="a JSON Schema; default: that of the grammar")
    ] = None
    facts: Annotated[
        tuple[str, ...], Field(strict=False, description='in words, as in "at most two sentences"; see `check`')
    ] = ()


class ArmBlock(Block):
    """A way of writing rows that the policy may choose."""

    id: Id
    kind: Annotated[str, Field(description="naive, templater, examples, evolve, ... (docs/generators.md), or a plugin's")]
    model: Annotated[str | None, Field(description="the id of the model that writes; default: the first")] = None
    params: Annotated[dict[str, JsonValue], Field(description="as the kind takes them: temperature, top_p, ...")] = Field(
        default_factory=dict
    )


class Target(Block):
    accepted: Annotated[int, Field(ge=1, description="rows that the dataset is to have")]
    batches: Annotated[
        int | None, Field(ge=1, description="batches at most; default: 50 times what the target needs"), INCIDENTAL
    ] = None


class RewardBlock(Block):
    """A batch earns its pass rate times its quality, more for what is new, less for what it cost."""

    quality: Annotated[str | None, Field(description="the validator whose score is the quality; default: the judge")] = None
    diversity_weight: Annotated[float, Field(ge=0, le=1, description="the share of the reward that novelty has")] = 0.0
    cost_weight: Annotated[float, Field(ge=0, description="what a US dollar per row takes off")] = 0.0


class EvaluationBlock(Block):
    """From time to time a small model learns from the accepted rows and is scored on real ones, and each arm earns a late
    reward by what the score would be without its rows."""

    kind: Literal["classification", "regression"] = "classification"
    dev: Annotated[
        str, Field(min_length=1, description="real rows, beside the recipe: CSV, JSONL, JSON or Parquet; never the test's")
    ]
    text: Annotated[str | None, Field(description="the field that holds the text; default: task.text")] = None
    label: Annotated[str | None, Field(description="the field that holds the label, or the number; default: task.label")] = None
    every: Annotated[int, Field(ge=1, description="batches from one evaluation to the next")] = 10
    weight: Annotated[
        float, Field(ge=0, le=100, description="how much a late reward counts, beside the batches it speaks for; 0: only look")
    ] = 1.0
    scale: Annotated[float, Field(gt=0, le=1, description="what an arm must add to the score to earn all of a late reward")] = (
        0.1
    )
    rows: Annotated[int, Field(ge=10, description="rows that are learned from at most: of more, a fair sample")] = 2000
    model: Annotated[Named | None, Field(description="what learns: tfidf, embeddings, ridge, torch; default: by the kind")] = (
        None
    )


class Output(Block):
    """Which files are written at the end. A name alone is that of the folder that holds the runs."""

    formats: Annotated[tuple[Format, ...], Field(strict=False)] = ("jsonl", "csv")
    path: Annotated[str | None, Field(description="their folder, beside the recipe; default: the run's own")] = None
    runs: Annotated[str, Field(description="the folder that holds the runs")] = "runs"
    publish: Annotated[Publishing, Field(description="what others are told of the dataset")] = Publishing()

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: object) -> object:
        return {"runs": given} if isinstance(given, str) else given


class RecipeBlock(RunSpec):
    """Generates rows until enough are accepted, and learns meanwhile which way of writing pays."""

    domain: Annotated[str | None, Field(description="what kind of data it is, as in text_classification")] = None
    task: Task = Task()
    seeds: Seeds | None = None
    constraints: Constraints = Constraints()
    grammar: GrammarBlock | None = None
    arms: Annotated[Literal["default"] | Annotated[tuple[ArmBlock, ...], Field(strict=False)], Field()] = "default"
    policy: Named = Named(kind="thompson", argument={"family": "gaussian", "sigma": 0.15})
    batch_size: Annotated[int, Field(ge=1, le=1000, description="rows per batch")] = 10
    target: Target
    validators: Annotated[
        Literal["auto"] | dict[str, JsonValue], Field(description="by kind, with parameters; auto: by the constraints")
    ] = "auto"
    reward: RewardBlock = RewardBlock()
    evaluation: EvaluationBlock | None = None
    output: Annotated[Output, INCIDENTAL] = Output()  # type: ignore[assignment]

    def runs(self) -> str:
        return self.output.runs

    def wanted_samples(self) -> int:
        return self.target.accepted

    def expected_trials(self) -> int:
        return -(-self.target.accepted // self.batch_size)

    def most_trials(self) -> int:
        return self.target.batches or 50 * self.expected_trials()

    def calls_per_trial(self) -> int:
        """A row is written, and maybe judged."""
        return 2 * self.batch_size
