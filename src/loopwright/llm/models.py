"""All models of one spec behind the calling loop, for one run, in the driver process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from types import TracebackType
from typing import Any

from loopwright.errors import CallError, SpecError, TimedOut, Unavailable, UsageError
from loopwright.kinds import nearest
from loopwright.llm.book import Book, Kept, ReplyKey
from loopwright.llm.budget import Purse
from loopwright.llm.cache import Place, ReplyCache, Samples
from loopwright.llm.calling import Endpoint, Question
from loopwright.llm.messages import Reply, Request, digest, wire_form
from loopwright.llm.outcome import unraised
from loopwright.llm.promises import prices_of, problems
from loopwright.llm.provider import Provider
from loopwright.llm.shared import Shared, Timing
from loopwright.llm.spending import Cap, Spending, total
from loopwright.llm.structured import Ability
from loopwright.records import Call
from loopwright.spec.blocks import Budget, ModelBlock

__all__ = ["Models", "Scope", "Spending", "Timing"]


class Models:
    """Asks any of the models, at a place in the run. `at` gives that place; leaving the context settles the budget."""

    def __init__(
        self,
        blocks: Sequence[ModelBlock],
        budget: Budget,
        book: Book,
        providers: Mapping[str, Provider],
        *,
        timing: Timing = Timing(),  # noqa: B008 - immutable
        cache: ReplyCache | None = None,
    ) -> None:
        found = problems(blocks, budget)
        if found:
            raise SpecError(found)
        prices = prices_of(blocks)
        self._book = book
        self._shared = Shared(book, Purse(budget, blocks, book), timing)
        self._endpoints = {block.id: Endpoint(block, providers[block.id], prices[block.id], self._shared) for block in blocks}
        for endpoint in self._endpoints.values():
            endpoint.fallback = self._endpoints[endpoint.block.fallback] if endpoint.block.fallback else None
        self._samples = None if cache is None else Samples(cache, blocks)

    @property
    def abilities(self) -> dict[str, Ability]:
        """What each endpoint can do for structured answers. Filled before trial 0; lowered when an endpoint refuses."""
        return self._shared.abilities

    async def __aenter__(self) -> Models:
        await self._shared.purse.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for endpoint in self._endpoints.values():
            endpoint.gate.close()
        await self._shared.purse.close()

    def at(self, trial: int) -> Scope:
        """Where a trial asks from. It counts the trial's equal requests, and is dropped with the trial."""
        return Scope(self, trial)

    def spending(self) -> Spending:
        by_model = {model: copy(endpoint.till.tally) for model, endpoint in self._endpoints.items()}
        return Spending(
            total(by_model.values()),
            by_model,
            {name: Cap(*cap) for name, cap in self._shared.purse.caps().items()},
            sum(endpoint.gate.in_flight for endpoint in self._endpoints.values()),
            self._shared.pace.per_second(),
        )

    def endpoint(self, model: str) -> Endpoint:
        try:
            return self._endpoints[model]
        except KeyError:
            hint = nearest(model, self._endpoints)
            known = ", ".join(self._endpoints) or "none"
            raise UsageError(
                f"no model has the id {model!r}" + (f"; did you mean {hint!r}?" if hint else f"; there are: {known}")
            ) from None

    async def resolve(self, key: ReplyKey, asked: Request, filled: Request, form: bytes) -> Reply:
        """The outcome of a request at its place in the run: from an earlier life, from the shared cache, from a model."""
        kept = self._book.recall(key)
        if kept is not None:
            return _outcome(kept)
        await self._book.room()
        question = Question(key.trial, key.step, asked, filled, form)
        endpoint = self._endpoints[key.model]
        place = None
        if self._samples is not None:
            place = self._samples.place(key.model, key.digest)
            cached = self._samples.find(place)
            if cached is not None:
                return self._take(key, question, place, cached)
        sample = 0 if place is None else place.sample
        try:
            answered, reply = await self._pursue(endpoint, question)
        except CallError as error:
            if key.trial >= 0:
                self._book.keep(key, Kept(unraised(error), question.call, sample), question.answered)
            elif question.answered is not None:  # A stage that failed has not settled: the next life asks anew.
                self._book.enter(question.answered)
            raise unraised(error) from error
        self._book.keep(key, Kept(reply, question.call, sample), question.answered)
        if place is not None and self._samples is not None and answered is endpoint:
            self._samples.put(place, reply)
        return reply

    async def _pursue(self, endpoint: Endpoint, question: Question) -> tuple[Endpoint, Reply]:
        """Asks the model, and where it stays unavailable its fallback, and that one's."""
        asked = endpoint
        while True:
            try:
                reply = await endpoint.pursue(question)
                return endpoint, reply if endpoint is asked else replace(reply, by=endpoint.id)
            except (Unavailable, TimedOut):
                if endpoint.fallback is None:
                    raise
                endpoint = endpoint.fallback
                question.turn_to(endpoint)

    def _take(self, key: ReplyKey, question: Question, place: Place, cached: Reply) -> Reply:
        call = self._book.next_call()
        purpose, started = question.request.purpose, self._shared.clock.time()
        entry = Call(call, key.trial, key.step, key.model, 1, "cached", purpose, 0, 0, 0, 0, 0, 0.0, None, started)
        self._endpoints[key.model].till.tally.cached += 1
        self._book.keep(key, Kept(cached, call, place.sample), entry)
        return cached


class Scope:
    """One trial's way to the models, until `close`: what asks then is ended, and what would ask later is refused."""

    __slots__ = ("_asking", "_closed", "_models", "_ordinals", "trial")

    def __init__(self, models: Models, trial: int) -> None:
        self.trial = trial
        self._models = models
        self._ordinals: dict[tuple[int, str, bytes], int] = {}
        self._asking: set[asyncio.Task[Any] | None] = set()
        self._closed = False

    async def ask(self, model: str, request: Request, step: int = 0) -> Reply:
        """The model's reply. Raises a `CallError` that is this request's alone, or a `RunStopped`.

        Equal requests within a step are told apart by the order in which they are asked. Where branches run side by side
        that order may differ in the next life: give each branch a `step` of its own.
        """
        if self._closed:
            raise UsageError(f"trial {self.trial} has ended and asks no more: await all its branches before it ends")
        endpoint = self._models.endpoint(model)
        filled = endpoint.fill(request)
        form = wire_form(filled)
        mark = digest(form)
        equal = (step, model, mark)
        ordinal = self._ordinals.get(equal, 0)
        self._ordinals[equal] = ordinal + 1
        task = asyncio.current_task()
        self._asking.add(task)
        try:
            return await self._models.resolve(ReplyKey(self.trial, step, ordinal, model, mark), request, filled, form)
        finally:
            self._asking.discard(task)

    def close(self) -> None:
        """Called when the trial's `act` has ended, in whatever way; what it left running is cancelled where it asks."""
        self._closed = True
        for task in self._asking:
            if task is not None:
                task.cancel()


def _outcome(kept: Kept) -> Reply:
    if isinstance(kept.outcome, CallError):
        raise unraised(kept.outcome)
    return kept.outcome
