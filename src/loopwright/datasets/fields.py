"""From a row to an example: takes fields by name and says of what is missing or of the wrong kind where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import Annotated, Any

from pydantic import Field, field_validator

from loopwright.datasets.lines import Row
from loopwright.datasets.source import FileSource
from loopwright.errors import UsageError
from loopwright.kinds import nearest
from loopwright.llm.quoting import quote
from loopwright.records import Example

OURS = ("id", "question", "reference_answer", "context")


class MappedSource(FileSource):
    """A file whose rows have our fields: `question`, and where they are there `id`, `reference_answer` and `context`."""

    fields: Annotated[dict[str, str], Field(description="our fields, each with its name in the file; default: the same")] = (
        Field(default_factory=dict)
    )

    @field_validator("fields")
    @classmethod
    def _known(cls, fields: dict[str, str]) -> dict[str, str]:
        for name in fields:
            if name not in OURS:
                raise ValueError(f"{name!r} is none of our fields: {', '.join(OURS)}")
        return fields


def example(row: Row, id: str, names: Mapping[str, str]) -> Example:
    """The example that a row of our fields is; `id` is for one that has none, `names` says what the fields are called."""
    found = {ours: _optional(row, names.get(ours, ours), ours in names) for ours in OURS if ours != "question"}
    question = text(row, names.get("question", "question"))
    return Example(found["id"] or id, {"question": question}, found["reference_answer"], found["context"])


def text(row: Row, name: str) -> str:
    """A field that must hold words."""
    found = row.fields.get(name)
    if isinstance(found, str) and found.strip():
        return found
    if name not in row.fields:
        close = nearest(name, row.fields)
        there = f"; did you mean {close!r}?" if close else f"; there is {quote(', '.join(row.fields), limit=120) or 'nothing'}"
        raise UsageError(f"{row.place}: has no {name!r}{there}")
    raise UsageError(f"{row.place}: {name!r} holds no text")


def text_or_none(row: Row, name: str) -> str | None:
    """Words, or None where the field is missing, null or blank."""
    given = row.fields.get(name)
    return None if given is None or (isinstance(given, str) and not given.strip()) else text(row, name)


def _optional(row: Row, name: str, named: bool) -> str | None:
    """A field that may be missing or empty, unless the spec says that it is there."""
    if named and name not in row.fields:
        text(row, name)
    value: Any = row.fields.get(name)
    if getattr(value, "ndim", None) == 0:  # a scalar of numpy, as data frames hold them
        value = value.item()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and isnan(value):  # how a data frame says that there is none
        return None
    if value is None or isinstance(value, str | int | float):
        said = "" if value is None else str(value)
        return said if said.strip() else None
    raise UsageError(f"{row.place}: {name!r} is no text, number or truth value")
