"""Writes a spec as the shortest YAML that means the same: defaults left out, short forms where there are any."""

from __future__ import annotations

from typing import Any

from loopwright.spec.blocks import RunSpec
from loopwright.spec.scalars import written


def dump(spec: RunSpec) -> str:
    """YAML that validates to an equal spec. The workflow is always named, because that says how to read the rest."""
    shortest = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return emit({"workflow": spec.workflow, **shortest})


def emit(data: Any) -> str:
    """Plain data as YAML that every reader understands alike."""
    return "".join(f"{line}\n" for line in _lines(data))


def _lines(value: Any) -> list[str]:
    if not value or not isinstance(value, dict | list):
        return [_inline(value)]
    if isinstance(value, list):
        return [line for item in value for line in _item(item)]
    return [line for key, child in value.items() for line in _entry(key, child)]


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{}"
    return "[]" if isinstance(value, list) else written(value)


def _item(value: Any) -> list[str]:
    first, *rest = _lines(value)
    return [f"- {first}", *(f"  {line}" for line in rest)]


def _entry(key: str, value: Any) -> list[str]:
    if not value or not isinstance(value, dict | list):
        return [f"{written(key)}: {_inline(value)}"]
    return [f"{written(key)}:", *(f"  {line}" for line in _lines(value))]
