"""The `grammar:` block of a recipe, as it is written. What its templates mean is read in `templates`."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from loopwright.spec.blocks import Block

Template: TypeAlias = str | int | float | bool


class LlmFill(Block):
    """A slot that a model fills with text."""

    prompt: Annotated[str, Field(min_length=1, description="what the model is asked; <name> is the row's value of that rule")]


class Alternative(Block):
    """One way to write a rule: a template or a slot. `hello` is short for `{template: hello, weight: 1}`."""

    template: Annotated[Template | None, Field(description="text with <name> for other rules; JSON is a structure")] = None
    llm_fill: LlmFill | None = None
    weight: Annotated[float, Field(ge=0, description="how often, beside the rule's other alternatives")] = 1.0

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: object) -> object:
        return {"template": given} if isinstance(given, Template) else given

    @field_validator("template", mode="before")
    @classmethod
    def _quoted(cls, given: object) -> object:
        if isinstance(given, dict | list):
            raise ValueError('is not text; put quotes around JSON, as in \'{"text": "<message>"}\'')
        return given

    @model_validator(mode="after")
    def _one_of_two(self) -> Alternative:
        if (self.template is None) == (self.llm_fill is None):
            raise ValueError("has both a template and an llm_fill" if self.llm_fill else "needs a template or an llm_fill")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        full = handler(core)
        described = handler.resolve_ref_schema(full)
        long: dict[str, Any] = {key: described.pop(key) for key in ("type", "properties", "additionalProperties")}
        described["anyOf"] = [{"type": ["string", "number", "boolean"]}, long]
        return full


class GrammarBlock(Block):
    """Weighted rules that rows are drawn from."""

    start: Annotated[str, Field(description="the rule that a row is")]
    rules: Annotated[dict[str, tuple[Alternative, ...]], Field(description="each rule with its alternatives")]
    row_values: Annotated[
        tuple[str, ...], Field(description="rules with one value per row, beside those that prompts name")
    ] = ()
    max_depth: Annotated[int, Field(ge=1, le=100, description="rules within rules at most; short alternatives end a row")] = 32
