"""What a cassette says about a request that it does not hold: the recording most like it, and where the two first differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from difflib import SequenceMatcher
from typing import Any

import orjson

from loopwright.llm.messages import Request
from loopwright.llm.quoting import quote

Entry = dict[str, Any]
_COMPARED = 2000


def prompt(request: Request) -> str:
    return "\n".join(message.content for message in request.messages)


def fields(request: Request) -> Entry:
    """The request as a recording shows it: what it says, not what it leaves open."""
    given = orjson.loads(orjson.dumps(asdict(request)))
    return {name: value for name, value in given.items() if value not in (None, [], "") and value is not False}


def nearest(request: Request, entries: Sequence[Entry]) -> str:
    """Of the first few thousand recordings, the one most like the request."""
    if not entries:
        return "it is empty"
    matcher = SequenceMatcher(b=prompt(request)[:_COMPARED], autojunk=False)

    def likeness(entry: Entry) -> float:
        matcher.set_seq1(_recorded(entry)[:_COMPARED])
        return matcher.quick_ratio()

    entry = max(entries[:_COMPARED], key=likeness)
    return f"the nearest recorded is {entry['key'][:12]}, {_difference(request, entry)}"


def _recorded(entry: Entry) -> str:
    return "\n".join(str(message.get("content", "")) for message in entry.get("request", {}).get("messages", ()))


def _difference(request: Request, entry: Entry) -> str:
    asked, recorded = prompt(request), _recorded(entry)
    if asked == recorded:
        names = _differing(fields(request), entry.get("request", {}))
        return f"which has the same text but another {', '.join(names)}" if names else "which is equal"
    same = next((i for i, (a, b) in enumerate(zip(asked, recorded, strict=False)) if a != b), min(len(asked), len(recorded)))
    stretch = slice(max(0, same - 10), same + 30)
    return f"which differs from character {same} on: recorded {quote(recorded[stretch])!r}, asked {quote(asked[stretch])!r}"


def _differing(asked: Entry, recorded: Entry) -> list[str]:
    told = (asked.keys() | recorded.keys()) - {"purpose", "json_object"}
    return sorted(name for name in told if asked.get(name) != recorded.get(name))
