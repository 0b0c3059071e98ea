"""The spec of a correction run, and what is wrong with one beyond its types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, GetJsonSchemaHandler, JsonValue, TypeAdapter, ValidationError, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from loopwright.datasets import checker_of, source
from loopwright.datasets.block import DatasetBlock
from loopwright.datasets.fields import MappedSource
from loopwright.datasets.source import FileSource
from loopwright.datasets.splits import chosen
from loopwright.errors import Problem, SpecError, UsageError
from loopwright.kinds import nearest
from loopwright.learn.error_classifier import labelled
from loopwright.learn.error_classifier.fitted import named
from loopwright.learn.error_classifier.kinds import EMBEDDED, Kind
from loopwright.llm.prices import price_of
from loopwright.llm.prompts import Load, Reprompt, Style, reprompts
from loopwright.llm.providers import ANSWERERS
from loopwright.spec.blocks import Block, Named, RunSpec, schema_with
from loopwright.spec.paths import show
from loopwright.text.named import EmbedderName
from loopwright.workflows.correction import policies

T = TypeVar("T")

Edge = Annotated[float, Field(gt=0, lt=1)]


class Contexts(Block):
    """Where the bins of the 54 contexts end: 3 of confidence, 3 of turns, for each of 6 error modes."""

    confidence: Annotated[
        tuple[Edge, Edge], Field(strict=False, description="low is below the first, high from the second on")
    ] = (0.4, 0.7)
    turns: Annotated[
        tuple[int, int], Field(strict=False, description="early is up to so many reprompts, late beyond the second number")
    ] = (1, 3)

    @model_validator(mode="after")
    def _rising(self) -> Contexts:
        if not (self.confidence[0] < self.confidence[1] and 0 <= self.turns[0] < self.turns[1]):
            raise ValueError("has edges that do not rise")
        return self


class Entry(Block):
    """A reprompt of your own. `<ANSWER>` in its text stands for the answer that it speaks of."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    text: Annotated[str, Field(min_length=1)]
    style: Style = "neutral"
    load: Load = "medium"
    holdout: bool = False


class Reprompts(Block):
    """Which of the bank are offered: all, those of some ids, or of some styles. `default`, a file and a list of ids are short
    forms."""

    bank: Annotated[
        Annotated[str, Field(min_length=1)] | Annotated[tuple[Entry, ...], Field(strict=False)] | None,
        Field(description="a JSON file beside the spec, or what stands in it: reprompts of your own instead of ours"),
    ] = None
    ids: Annotated[tuple[str, ...] | None, Field(strict=False)] = None
    styles: Annotated[tuple[Style, ...] | None, Field(strict=False)] = None
    holdout: Annotated[Literal["leave_out", "only", "include"], Field(description="those that no policy is trained with")] = (
        "leave_out"
    )

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, given: object) -> object:
        if isinstance(given, str):
            return {} if given == "default" else {"bank": given}
        return {"ids": given, "holdout": "include"} if isinstance(given, list | tuple) else given

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return schema_with(core, handler, {"type": "string"}, {"type": "array", "items": {"type": "string"}})

    def offers(self, each: Entry | Reprompt) -> bool:
        named = self.ids is None or each.id in self.ids
        styled = self.styles is None or each.style in self.styles
        return named and styled and (self.holdout == "include" or each.holdout is (self.holdout == "only"))


def read_bank(file: Path) -> tuple[Entry, ...]:
    try:
        return TypeAdapter(tuple[Entry, ...]).validate_json(file.read_bytes())
    except OSError as error:
        raise SpecError([Problem("reprompts.bank", f"{file} cannot be read: {error.strerror}")]) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = show(first["loc"])
        said = f"{file}: {place + ': ' if place else ''}{first['msg']}"
        raise SpecError([Problem("reprompts.bank", said)]) from None


class FitBlock(Block):
    """What a classifier is fitted to when the run starts."""

    sources: Annotated[
        tuple[str, ...], Field(strict=False, min_length=1, description="traces (JSONL) or labelled CSV files, beside the spec")
    ]
    kind: Annotated[Kind, Field(description="how it looks at answers")] = "features"
    embedder: EmbedderName = "lexical"


class ClassifierBlock(Block):
    """Predicts error modes and confidence from the question and the answers."""

    path: Annotated[str, Field(min_length=1, description="a classifier's file, beside the spec; `embedded`, or `rule`")] = (
        EMBEDDED
    )
    fit: FitBlock | None = None
    logprobs: Annotated[
        bool | None, Field(description="ask the model for log-probabilities; default: of the embedded model alone")
    ] = None

    @model_validator(mode="after")
    def _one(self) -> ClassifierBlock:
        if self.fit is not None and self.path != EMBEDDED:
            raise ValueError("names a file and says what to fit: one of path and fit")
        return self


class RewardBlock(Block):
    """What a token costs in correct answers: `token_price`, or what a correct answer is worth. The default is 0.001."""

    token_price: Annotated[float | None, Field(ge=0, description="correct answers per token")] = None
    correct_is_worth_tokens: Annotated[float | None, Field(gt=0)] = None
    correct_is_worth_usd: Annotated[float | None, Field(gt=0)] = None
    judge: Annotated[
        str | None,
        Field(description="the id of a model that judges answers where there is no reference; learned from, and marked"),
    ] = None
    return_to_go: Annotated[bool, Field(description="credit a decision with all that its question earned from there on")] = (
        False
    )

    @model_validator(mode="after")
    def _one(self) -> RewardBlock:
        given = (self.token_price, self.correct_is_worth_tokens, self.correct_is_worth_usd)
        if sum(each is not None for each in given) > 1:
            raise ValueError("says the price more than once: one of token_price, correct_is_worth_tokens, correct_is_worth_usd")
        return self


class Stop(Block):
    oracle: Annotated[
        bool, Field(description="stop as soon as the answer is right, by the reference: an upper bound, not a result")
    ] = False


class CorrectionSpec(RunSpec):
    """Streams questions, gets an answer to each, and learns when asking again pays, and with which words."""

    dataset: DatasetBlock
    prompt: Annotated[Literal["solve", "solve_steps"], Field(description="the words that ask for the first answer")] = (
        "solve_steps"
    )
    max_turns: Annotated[int, Field(ge=0, le=50, description="reprompts at most")] = 5
    policy: Named = policies.DEFAULT
    window: Annotated[int, Field(ge=1, description="questions that are worked on at once")] = 256
    contexts: Contexts = Contexts()
    reprompts: Reprompts = Reprompts()
    classifier: ClassifierBlock = ClassifierBlock()
    reward: RewardBlock = RewardBlock()
    stop: Stop = Stop()

    @classmethod
    def policy_in_full(cls, given: JsonValue) -> JsonValue:
        full: JsonValue = policies.in_full({"policy": given})["policy"]
        return full

    @model_validator(mode="before")
    @classmethod
    def _in_full(cls, given: object) -> object:
        return policies.in_full(given) if isinstance(given, dict) else given

    def expected_trials(self) -> int | None:
        known: Any = self.dataset.arguments.get("count", 1000) if self.dataset.source == "mock" else None
        most = [each for each in (self.dataset.limit, known) if isinstance(each, int)]
        return min(most, default=None)

    def problems(self) -> Iterable[Problem]:
        yield from self._of_models()
        yield from self._of_dataset()
        yield from self._of_reprompts()

    def notes(self) -> Iterable[str]:
        if self.models and self.models[0].provider in ANSWERERS:
            yield f"{self.models[0].id!r} is {ANSWERERS[self.models[0].provider]}"
        yield from self.caveats()
        if self.models and self.asks_for_logprobs():
            yield f"the log-probabilities of {self.models[0].id!r} are asked for"

    def caveats(self) -> Iterable[str]:
        if self.reward.judge:
            yield f"where there is no reference answer, the policy learns from what {self.reward.judge!r} says; that is marked"
        if self.stop.oracle:
            yield "stop.oracle looks at the reference answers: what comes out is an upper bound, not a result"

    def asks_for_json(self) -> tuple[str, ...]:
        return () if self.reward.judge is None else (self.reward.judge,)

    def located(self, base: Path, begun: CorrectionSpec | None = None) -> CorrectionSpec:
        """With the bank as it stands in its file."""
        path = self.reprompts.bank
        if not isinstance(path, str):
            return self
        kept = path if begun is None else begun.reprompts.bank
        entries = read_bank((base / Path(path).expanduser()).resolve()) if isinstance(kept, str) else kept
        found = self.model_copy(update={"reprompts": self.reprompts.model_copy(update={"bank": entries})})
        if wrong := list(found._of_reprompts()):
            raise SpecError(wrong)
        return found

    def named_files(self) -> Iterable[str]:
        return [self.reprompts.bank] if isinstance(self.reprompts.bank, str) else []

    def doubts(self, base: Path) -> Iterable[str]:
        self.located(base)
        yield from self._of_questions(base)
        if self.classifier.fit is None:
            _told("classifier.path", partial(named, self.classifier.path, base))
        else:
            for at, each in enumerate(self.classifier.fit.sources):
                _told(
                    f"classifier.fit.sources[{at}]",
                    partial(labelled.read, (base / each).resolve(), checker_of(self.dataset).read),
                )

    def asks_for_logprobs(self) -> bool:
        given = self.classifier.logprobs
        return self.models[0].provider == "tiny" if given is None else given

    def _of_questions(self, base: Path) -> Iterator[str]:
        """Only files are looked into, and there the first question: other sources may be far away."""
        found = source(self.dataset)
        if not isinstance(found, FileSource) or self.dataset.source == "huggingface":
            return
        first = _told("dataset", lambda: next(chosen(found, self.dataset, base), None))
        if first is None:
            yield "the dataset holds no question that is asked for"
        elif first.reference is None and self.reward.judge is None:
            elsewhere = "`dataset.fields` tells if it has another name; " if isinstance(found, MappedSource) else ""
            yield (
                f"the first question, {first.id!r}, has no reference answer, and of such nothing is learned: {elsewhere}"
                "`reward.judge` names a model that judges instead"
            )

    def _of_models(self) -> Iterator[Problem]:
        if not self.models:
            yield Problem("models", "missing", "at least one model, the first of which answers")
        known = [model.id for model in self.models]
        if self.reward.judge is not None and self.reward.judge not in known:
            yield Problem("reward.judge", "names a model that is not there", None, nearest(self.reward.judge, known))
        if self.models and self.reward.correct_is_worth_usd is not None and price_of(self.models[0]) is None:
            yield Problem(
                "reward.correct_is_worth_usd", f"what {self.models[0].id!r} costs is not known", "`pricing` of the model"
            )

    def _of_dataset(self) -> Iterator[Problem]:
        try:
            source(self.dataset)
            checker_of(self.dataset)
        except SpecError as error:
            yield from error.problems
        except UsageError as error:
            yield Problem("dataset", str(error))

    def _of_reprompts(self) -> Iterator[Problem]:
        if isinstance(self.reprompts.bank, str):
            return
        own = self.reprompts.bank
        offered = reprompts() if own is None else own
        known = [each.id for each in offered]
        for at, id in enumerate(() if own is None else known):
            if id == policies.STOP:
                yield Problem(f"reprompts.bank[{at}].id", f"{id!r} is what the end of a question is called", "another id")
            if id in known[:at]:
                yield Problem(f"reprompts.bank[{at}].id", f"{id!r} is there twice", "an id for each")
        for at, id in enumerate(self.reprompts.ids or ()):
            if id not in known:
                yield Problem(f"reprompts.ids[{at}]", f"no reprompt is called {id!r}", None, nearest(id, known))
        if not any(map(self.reprompts.offers, offered)):
            yield Problem("reprompts", "leaves none to ask again with", "`policy: {fixed: stop}` to never ask again")
        yield from self._of_fixed([each.id for each in filter(self.reprompts.offers, offered)])

    def _of_fixed(self, offered: list[str]) -> Iterator[Problem]:
        given = self.policy.argument
        arm = given.get("arm") if isinstance(given, dict) else given
        if self.policy.kind == "fixed" and isinstance(arm, str) and arm not in (policies.STOP, *offered):
            yield Problem("policy.fixed", f"no reprompt that is offered is called {arm!r}", None, nearest(arm, offered))


def _told(path: str, look: Callable[[], T]) -> T:
    """What it finds; what is wrong there, as a problem of the spec."""
    try:
        return look()
    except UsageError as error:
        raise SpecError([Problem(path, str(error))]) from None
