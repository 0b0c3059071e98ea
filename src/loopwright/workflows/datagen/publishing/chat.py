"""A row as a conversation to fine-tune on, from templates over its fields. A field that a row lacks is an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from loopwright.errors import UsageError
from loopwright.kinds import nearest
from loopwright.quality.row import as_text
from loopwright.workflows.datagen.publish import Chat

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def conversation(chat: Chat, id: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The messages, as chat templates and fine-tuning services take them."""
    said = {"system": chat.system, "user": chat.user, "assistant": chat.assistant}
    messages = [
        {"role": role, "content": _filled(template, f"output.publish.chat.{role}", id, row)}
        for role, template in said.items()
        if template is not None
    ]
    return {"messages": messages}


def _filled(template: str, place: str, id: str, row: Mapping[str, Any]) -> str:
    def part(found: re.Match[str]) -> str:
        if found[0] in ("{{", "}}"):
            return found[0][0]
        name = found[1]
        if name is None:
            raise UsageError(f"{place}: a brace that is no field; `{{{{` and `}}}}` stand for braces")
        if name not in row:
            close = nearest(name, row)
            raise UsageError(
                f"{place}: row {id} has no field {name!r}; "
                + (f"did you mean {close!r}?" if close else f"it has: {', '.join(row)}")
            )
        return as_text(row[name])

    return _PART.sub(part, template)
