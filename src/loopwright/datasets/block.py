"""The `dataset:` of a spec: a source with its arguments, how many questions, which part of them, how answers are checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from loopwright.spec.blocks import Block, Named, schema_with


class Split(Block):
    """Which part of the questions: a question is in one part for ever, by its words, wherever it stands and however often."""

    part: Literal["train", "held_out"]
    held_out: Annotated[float, Field(gt=0, lt=1, description="the share of the questions that is held out")] = 0.2
    key: Annotated[str, Field(description="another key splits in another way")] = ""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: object) -> object:
        return {"part": given} if isinstance(given, str) else given

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return schema_with(core, handler, {"enum": ["train", "held_out"]})


class DatasetBlock(Block):
    """`{source: gsm8k, path: test.jsonl, limit: 1000}`: what is none of the fields here is an argument of the source."""

    source: Annotated[str, Field(description="gsm8k | hotpotqa | boolq | csv | jsonl | parquet | huggingface | mock")]
    limit: Annotated[int | None, Field(ge=1, description="questions at most")] = None
    split: Split | None = None
    checker: Annotated[Named | None, Field(description="how answers are checked; default: as is usual for the source")] = None
    arguments: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def name(self) -> str:
        """What records call it: the source, or the file where the source may be anything, or as a program says."""
        path = self.arguments.get("path")
        if self.source == "python":
            return str(self.arguments.get("name"))
        anything = self.source in ("csv", "jsonl", "parquet", "huggingface")
        return Path(path).stem if anything and isinstance(path, str) and Path(path).stem else self.source

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, given: object) -> object:
        if not isinstance(given, dict) or "arguments" in given:
            return given
        own = {name: value for name, value in given.items() if name in cls.model_fields}
        return {**own, "arguments": {name: value for name, value in given.items() if name not in own}}

    @model_serializer(mode="wrap")
    def _flat(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        own: dict[str, Any] = serialize(self)
        return {**own.pop("arguments", {}), **own}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        full = handler(core)
        described = handler.resolve_ref_schema(full)
        described["properties"].pop("arguments", None)
        described["additionalProperties"] = True
        return full
