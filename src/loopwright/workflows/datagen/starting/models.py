"""Which model a recipe names: the one that was asked for, else the embedded one where the labels are in its world."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from loopwright.errors import UsageError
from loopwright.kinds import nearest
from loopwright.llm.providers import PROVIDERS
from loopwright.spec.load import read

TINY = {"id": "writer", "provider": "tiny"}
PLACEHOLDER = {"id": "writer", "provider": "openai", "model": "gpt-4o-mini", "max_output_tokens": 1000}
FORMS = "tiny, PROVIDER:MODEL (openai:gpt-4o-mini), scripted:FILE.py[:FUNCTION], or a spec (spec.yaml), whose first model it is"


def named(word: str) -> dict[str, Any]:
    """The block of the model that a user means."""
    kind, _, rest = word.partition(":")
    if kind == "tiny" and not rest:
        return dict(TINY)
    if Path(word).suffix in (".yaml", ".yml"):
        return _of_spec(Path(word))
    if kind not in PROVIDERS.names() or not rest:
        close = nearest(kind, PROVIDERS.names())
        raise UsageError(f"{word!r} names no model; name one as {FORMS}" + (f"; did you mean {close!r}?" if close else ""))
    if kind == "scripted":
        file, _, function = rest.partition(":")
        return {"id": "writer", "provider": "scripted", "script": f"{Path(file).stem}:{function or 'answer'}"}
    return {"id": "writer", "provider": kind, "model": rest, "max_output_tokens": 1000}


def knows(labels: Iterable[str]) -> bool:
    """Whether the embedded model can write rows of all these labels."""
    from loopwright.llm.tiny.form import intent_of  # noqa: PLC0415

    found = list(labels)
    return bool(found) and all(intent_of(label) is not None for label in found)


def _of_spec(file: Path) -> dict[str, Any]:
    data = read(file).data
    models = data.get("models") if isinstance(data, dict) else None
    if not isinstance(models, list) or not models or not isinstance(models[0], dict):
        raise UsageError(f"{file} names no model")
    return dict(models[0])
