"""The exported JSON Schema accepts what the loader accepts, short forms included, and refuses what it can see is wrong."""

from __future__ import annotations

import jsonschema_rs
import pytest

from loopwright.spec.blocks import RunSpec
from loopwright.spec.load import validate
from loopwright.spec.schema import json_schema
from loopwright.spec.yaml import parse

SOUND = [
    "policy: {kind: a, other: 1}",
    "workflow: garden",
    "workflow: garden\npolicy: uniform",
    "workflow: garden\npolicy: {fixed: a}\nchecks: [length, {regex: x}, {kind: schema, argument: {a: [1]}}]",
    "workflow: garden\nmodels: [{id: a, provider: x, headers: {X: {env: A}, Z: b}, limits: {rpm: 3}, temperature: null}]",
    "workflow: garden\nbudget: {usd: 0.5}\nweights: {a: 1}\nmarks: [1]\nbeds: {a: {rpm: 1}}",
]
BROKEN = [
    "workflow: forest",
    "sede: 1",
    "seed: x",
    "seed: -1",
    "policy: 3",
    "policy: {a: 1, b: 2}",
    "policy: {kind: 3, other: 1}",
    "policy: {}",
    "models: [{id: a}]",
    "models: [{id: a, provider: x, api_key_env: 'not a name'}]",
    "models: [{id: a, provider: x, headers: {X: 1}}]",
    "budget: {eur: 1}",
    "executor: cloud",
    "marks: [a]",
]


@pytest.mark.parametrize("text", SOUND)
def test_what_validates_fits_the_schema(text: str, garden: type[RunSpec]) -> None:
    document = parse(text)
    validate(document, garden)
    jsonschema_rs.Draft202012Validator(json_schema(garden)).validate(document.data)


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_broken_does_not_fit(text: str, garden: type[RunSpec]) -> None:
    assert not jsonschema_rs.Draft202012Validator(json_schema(garden)).is_valid(parse(text).data)


def test_the_schema_is_one_and_says_what_fields_are_for(garden: type[RunSpec]) -> None:
    schema = json_schema(garden)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(schema)
    assert schema["$defs"]["Limits"]["properties"]["rpm"]["description"] == "requests per minute"
    assert schema["properties"]["policy"]["default"] == "uniform"
    assert schema["additionalProperties"] is False
