"""The JSON Schema of a spec, for editors: what can be said of it without knowing the other rooms."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema 2020-12, titles, descriptions, defaults and short forms included."""
    return {"$schema": DIALECT, **model.model_json_schema()}
