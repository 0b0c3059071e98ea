"""Foreign text made fit for a message: short, without control characters, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

LIMIT = 300

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_PUBLIC = frozenset(
    {"accept", "accept-encoding", "content-type", "user-agent", "host", "anthropic-version", "anthropic-beta", "connection"}
)


def quote(text: str, secrets: Iterable[str] = (), limit: int = LIMIT) -> str:
    """At most `limit` characters of `text` on one line, every secret in it blotted out."""
    for secret in secrets:
        text = text.replace(secret, "[secret]")
    plain = _CONTROL.sub(" ", text[: 4 * limit]).strip()
    return plain if len(plain) <= limit else plain[: limit - 3] + "..."


def secrets_in(headers: Mapping[str, str]) -> tuple[str, ...]:
    """What must not be repeated: every word of every header that is not known to be public; the longest first."""
    words = {word for name, value in headers.items() if name.lower() not in _PUBLIC for word in value.split()}
    return tuple(sorted((word for word in words if len(word) >= 4 and word != "Bearer"), key=len, reverse=True))
