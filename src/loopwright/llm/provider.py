"""The one method a provider has."""

from __future__ import annotations

from typing import Protocol

from loopwright.llm.messages import Reply, Request


class Provider(Protocol):
    """Sends one physical request. It never retries, waits or counts: the calling loop does.

    It raises the errors of `loopwright.errors` and no others: a `CallError` for what concerns this request, a `RunStopped`
    for what would fail every request alike.
    """

    async def complete(self, request: Request) -> Reply: ...
