"""Questions with their reference answers, streamed from files of official formats, and the official ways to check an answer.

Here are the two `kind` tables. A member of the first is a `Source` with its arguments as fields or, from a plugin, a
function that yields examples; a member of the second a `Checker` or, from a plugin, a function of answer and reference.
"""

from __future__ import annotations

from typing import cast

from loopwright.datasets.block import DatasetBlock
from loopwright.datasets.checking import Checker, checker
from loopwright.datasets.functions import FromFunction
from loopwright.datasets.source import Source
from loopwright.kinds import Kinds
from loopwright.spec.blocks import Named
from loopwright.spec.named import configured

_SOURCES = "loopwright.datasets.sources"
_CHECKERS = "loopwright.datasets.checkers"

SOURCES = Kinds(
    "dataset",
    {
        "gsm8k": f"{_SOURCES}.gsm8k:Gsm8k",
        "hotpotqa": f"{_SOURCES}.hotpotqa:HotpotQa",
        "boolq": f"{_SOURCES}.boolq:BoolQ",
        "csv": f"{_SOURCES}.csv:Csv",
        "jsonl": f"{_SOURCES}.jsonl:Jsonl",
        "parquet": f"{_SOURCES}.parquet:Parquet",
        "huggingface": f"{_SOURCES}.huggingface:HuggingFace",
        "mock": f"{_SOURCES}.mock:Mock",
        "python": f"{_SOURCES}.python:Python",
    },
)
CHECKERS = Kinds(
    "checker",
    {
        "gsm8k_strict": f"{_CHECKERS}.gsm8k:STRICT",
        "gsm8k_numeric": f"{_CHECKERS}.gsm8k:NUMERIC",
        "hotpotqa_em": f"{_CHECKERS}.hotpotqa:EXACT",
        "hotpotqa_f1": f"{_CHECKERS}.hotpotqa:F1",
        "boolq": f"{_CHECKERS}.boolq:FIRST_TOKEN",
        "final_answer": f"{_CHECKERS}.final_answer:FINAL_ANSWER",
    },
)


def source(block: DatasetBlock, path: str = "dataset") -> Source:
    """The source that a spec names, with its arguments checked."""
    member = SOURCES.load(block.source)
    if isinstance(member, type):
        return cast(Source, configured(member, dict(block.arguments), (path,)))
    return FromFunction(block.source, member, dict(block.arguments))


def checker_of(block: DatasetBlock, path: str = "dataset") -> Checker:
    """How answers are checked: as the spec says, or as is usual for the source."""
    named = block.checker or Named(kind=source(block, path).checker)
    return checker(CHECKERS.load(named.kind), named, f"{path}.checker")
