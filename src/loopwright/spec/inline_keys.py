"""Finds keys that stand in a spec itself instead of in an environment variable. Its problems never repeat what they found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from loopwright.errors import Problem
from loopwright.spec.paths import Path, show

_ANYWHERE = frozenset({"apikey", "authorization", "accesstoken", "authtoken", "secretkey", "password", "passwd"})
_IN_MODELS = _ANYWHERE | {"key", "token", "secret", "bearer", "credentials"}
_SECRET_HEADER = re.compile(r"authorization|(^|[-_])(api-?key|key|token|secret|cookie|password|credential)$", re.IGNORECASE)
_KEYLIKE = re.compile(
    r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{8,}"
    r"|^\s*(?i:bearer|basic)\s+\S{8,}\s*$"
    r"|\b(?:gh[opsru]_|github_pat_|hf_|xox[abpr]-|AKIA|AIza|gsk_|xai-|r8_|glpat-|nvapi-)[A-Za-z0-9_-]{16,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}"
    r"|^[a-z]+://[^/\s@]+:[^/\s@]+@"
    r"|[?&](?:api[-_]?key|key|token|access_token)=[^&\s]{8,}"
)

_BY_VARIABLE = "api_key_env: NAME, the environment variable that holds it"
_HEADER = "{env: NAME}, the environment variable that holds it"


def looks_like_key(text: str) -> bool:
    return _KEYLIKE.search(text) is not None


def inline_keys(data: Any) -> list[Problem]:
    """A problem for every key that is written out: by the name it is given, or by what it looks like."""
    return list(_search(data, ()))


def _search(value: Any, path: Path) -> Iterator[Problem]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            if looks_like_key(key):
                yield Problem(show(path), "holds what looks like a key", _BY_VARIABLE)
            else:
                yield from _search(child, (*path, key))
    elif isinstance(value, list):
        for at, child in enumerate(value):
            yield from _search(child, (*path, at))
    elif value is not None and (_named_like_key(path) or (isinstance(value, str) and looks_like_key(value))):
        header = len(path) >= 2 and path[-2] == "headers"
        yield Problem(show(path), "a key does not belong in a spec", _HEADER if header else _BY_VARIABLE)


def _named_like_key(path: Path) -> bool:
    if not path or not isinstance(path[-1], str):
        return False
    if len(path) >= 2 and path[-2] == "headers":
        return _SECRET_HEADER.search(path[-1]) is not None
    word = re.sub(r"[-_]", "", path[-1]).lower()
    in_model = len(path) == 3 and path[0] == "models"
    return word in (_IN_MODELS if in_model else _ANYWHERE)
