"""A model that answers what it was asked, and a client that speaks plain HTTP with the server before it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp

from loopwright.llm.messages import Reply, Request, TokenLogprob, Usage

USER = [{"role": "user", "content": "hello"}]
CLOSED: dict[str, Any] = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}


class Echo:
    """Answers what it was asked, one token per word; `asked` keeps the requests, `error` is raised instead of an answer."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[Request] = []
        self.error = error
        self.ended = 0

    async def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        if self.error is not None:
            raise self.error
        last = request.messages[-1].content
        if last == "wait":
            try:
                await asyncio.Event().wait()
            finally:
                self.ended += 1
        if last == "refuse":
            return Reply("", "echo", "refusal", refusal="I know nothing of that.", usage=Usage(1, 5))
        tokens = tuple(TokenLogprob(f" {word}" if place else word, -0.5) for place, word in enumerate(last.split()))
        return Reply(last, "echo", usage=Usage(3, len(tokens)), logprobs=tokens if request.logprobs else None)


class Client:
    """Speaks plain HTTP with a server."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def post(self, body: Any = None, **more: Any) -> tuple[int, Any, dict[str, str]]:
        document = {"model": "echo", "messages": USER, **more} if body is None else body
        async with self.session.post(f"{self.url}/chat/completions", json=document) as answer:
            return answer.status, await answer.json(), {name.lower(): value for name, value in answer.headers.items()}

    async def stream(self, **more: Any) -> list[Any]:
        document = {"model": "echo", "messages": USER, "stream": True, **more}
        async with self.session.post(f"{self.url}/chat/completions", json=document) as answer:
            assert answer.content_type == "text/event-stream"
            text = (await answer.read()).decode()
        *told, last, end = text.split("\n\n")
        assert (last, end) == ("data: [DONE]", "")
        return [json.loads(event.removeprefix("data: ")) for event in told]


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]
