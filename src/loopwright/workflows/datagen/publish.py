"""What a recipe says of its dataset to those who will use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, field_validator

from loopwright.errors import Problem
from loopwright.kinds import nearest
from loopwright.spec.blocks import Block

_LICENSES = (
    "afl-3.0 agpl-3.0 apache-2.0 apple-amlr apple-ascl artistic-2.0 bigcode-openrail-m bigscience-bloom-rail-1.0 "
    "bigscience-openrail-m bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5 cc-by-3.0 "
    "cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 "
    "cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0 cdla-permissive-2.0 cdla-sharing-1.0 "
    "creativeml-openrail-m ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 gemma gfdl gpl gpl-2.0 gpl-3.0 isc lgpl "
    "lgpl-2.1 lgpl-3.0 lgpl-lr llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 lppl-1.3c mit mpl-2.0 ms-pl ncsa odbl odc-by "
    "ofl-1.1 openrail openrail++ osl-3.0 other pddl postgresql unknown unlicense wtfpl zlib"
)
LICENSES = tuple(_LICENSES.split())
"""Those that the Hugging Face Hub knows by name."""

_TASKS = (
    "feature-extraction fill-mask multiple-choice other question-answering sentence-similarity summarization "
    "table-question-answering table-to-text tabular-classification tabular-regression tabular-to-text text-classification "
    "text-generation text-ranking text-retrieval token-classification translation zero-shot-classification"
)
TASKS = tuple(_TASKS.split())
"""The Hub's task categories, as far as rows of fields can serve them."""

Split = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class Chat(Block):
    """A row as a conversation: `{field}` stands for a field of the row, `{{` and `}}` for braces."""

    system: str | None = None
    user: Annotated[str, Field(min_length=1)]
    assistant: Annotated[str, Field(min_length=1)]


class Publishing(Block):
    """What others are told of the dataset, and how it is cut. None of it changes a row."""

    title: Annotated[str | None, Field(description="default: the run's name")] = None
    license: Annotated[str, Field(description="as the Hub names it: cc-by-4.0; other, with a name")] = "unknown"
    license_name: str | None = None
    license_link: str | None = None
    tasks: Annotated[tuple[str, ...], Field(strict=False, description="the Hub's task categories; default: by the labels")] = ()
    splits: Annotated[dict[Split, Annotated[float, Field(ge=0)]], Field(description="shares of the rows")] = Field(
        default_factory=lambda: {"train": 0.9, "test": 0.1}
    )
    chat: Annotated[Chat | None, Field(description="default: the text is asked, the label is the answer")] = None
    limits: Annotated[str | None, Field(description="what users of the data should know, in words")] = None

    @field_validator("splits")
    @classmethod
    def _some(cls, splits: dict[str, float]) -> dict[str, float]:
        if not sum(splits.values()) > 0:
            raise ValueError("has no share above 0")
        return splits


def problems(block: Publishing, place: str) -> Iterator[Problem]:
    """What the Hub would refuse."""
    if block.license not in LICENSES:
        known = "one that the Hub knows, as in cc-by-4.0, apache-2.0, other, unknown"
        yield Problem(f"{place}.license", f"no licence is called {block.license!r}", known, nearest(block.license, LICENSES))
    if block.license == "other" and not block.license_name:
        yield Problem(f"{place}.license_name", "is missing", "the name of the licence, where it is none that the Hub knows")
    for at, task in enumerate(block.tasks):
        if task not in TASKS:
            message = f"no task category is called {task!r}"
            yield Problem(f"{place}.tasks[{at}]", message, f"one of {', '.join(TASKS)}", nearest(task, TASKS))
