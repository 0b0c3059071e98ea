"""What a JSON Schema of the rows tells: the fields, which of them is the text, which the label and what labels there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from loopwright.errors import UsageError
from loopwright.quality.validators.schema import compiled
from loopwright.workflows.datagen.starting.known import Known


def from_schema(known: Known, file: Path) -> Known:
    schema = _read(file)
    fields: Mapping[str, Any] = schema.get("properties") or {}
    label = next((name for name, part in fields.items() if _values(part)), None)
    texts = [name for name, part in fields.items() if _is_text(part)]
    if not texts:
        raise UsageError(f"{file}: the rows of this schema have no field that holds a text")
    text = known.text if known.text in texts else texts[0]
    values = _values(fields[label]) if label else []
    said = f"{file.name}: the fields are {', '.join(fields)}; the text is in {text!r}"
    said += f", the label in {label!r}: {', '.join(values)}, in equal shares" if label else ", no label"
    return replace(
        known,
        schema=schema,
        text=text,
        label=label or known.label,
        labels=known.labels if known.labels is not None else {value: round(1 / len(values), 4) for value in values},
        description=known.description or schema.get("description") or schema.get("title"),
        said=(*known.said, said),
    )


def _read(file: Path) -> Mapping[str, Any]:
    try:
        schema = orjson.loads(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{file} is no JSON: {error}") from None
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise UsageError(f'{file} is no JSON Schema of rows: one begins with {{"type": "object", "properties": ...')
    try:
        compiled(schema)
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from None
    return schema


def _values(part: Any) -> list[str]:
    """The values of a field that can be one of a few words."""
    values = part.get("enum") if isinstance(part, dict) else None
    return (
        list(values) if isinstance(values, list) and len(values) > 1 and all(isinstance(each, str) for each in values) else []
    )


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "string" and "enum" not in part and "const" not in part
