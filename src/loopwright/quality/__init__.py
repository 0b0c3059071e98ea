"""Whether a row is good enough: validators, the gate that orders them, and which of them fit facts written in words.

Here is the `kind` table. A member is a class of `Parameters`, or, from a plugin, a function `row -> bool | float | Ruling`.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from loopwright.kinds import Kinds
from loopwright.quality import building
from loopwright.quality.gate import Gate
from loopwright.quality.validator import Given

_ROOM = "loopwright.quality.validators"

VALIDATORS = Kinds(
    "validator",
    {
        "schema": f"{_ROOM}.schema:Schema",
        "length": f"{_ROOM}.length:Length",
        "format": f"{_ROOM}.format:Format",
        "regex": f"{_ROOM}.regex:Regex",
        "language": f"{_ROOM}.language:Language",
        "deduplication": f"{_ROOM}.deduplication:Deduplication",
        "similarity": f"{_ROOM}.similarity:Similarity",
        "entailment": f"{_ROOM}.entailment:Entailment",
        "label": f"{_ROOM}.label:Label",
        "judge": f"{_ROOM}.judge:Judge",
        "diversity": f"{_ROOM}.diversity:Diversity",
    },
)


def build(validators: Mapping[str, JsonValue], given: Given, path: str = "validators") -> Gate:
    """The gate that a spec's `validators:` describe: `KIND` or `KIND.NAME`, each with its parameters."""
    return Gate(building.build(VALIDATORS, given, validators, path))
