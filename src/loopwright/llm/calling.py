"""One model behind the calling loop, the only place that retries."""

from __future__ import annotations

from copy import copy
from typing import NamedTuple

from loopwright.errors import (
    BadAnswer,
    BadReply,
    CallError,
    EndpointDown,
    Overloaded,
    RunStopped,
    TimedOut,
    Unavailable,
    Unsupported,
)
from loopwright.llm.billing import Sent, Till, billable, words
from loopwright.llm.circuit import Circuit
from loopwright.llm.deadlines import Deadline, Deadlines
from loopwright.llm.limits import Gate, Guess, demanded
from loopwright.llm.messages import Reply, Request, wire_form
from loopwright.llm.prices import Price
from loopwright.llm.provider import Provider
from loopwright.llm.sanity import checked
from loopwright.llm.shared import Shared
from loopwright.llm.structured import Ability, read, shape, weaker
from loopwright.records import Call
from loopwright.spec.blocks import ModelBlock

FIRST_BACK_OFF = 0.5
LONGEST_BACK_OFF = 30.0
STRONGEST: Ability = "json_schema"


class Question:
    """A request on its way through the loop: filled in for the model that is asked at the moment."""

    __slots__ = ("ability", "answered", "asked", "attempts", "call", "form", "request", "step", "trial")

    def __init__(self, trial: int, step: int, asked: Request, filled: Request, form: bytes) -> None:
        self.trial = trial
        self.step = step
        self.asked = asked
        self.request = filled
        self.form = form
        self.attempts = 0
        self.call: int | None = None
        self.answered: Call | None = None
        """The call that a model answered, which goes into the ledger with its reply."""
        self.ability: Ability | None = None

    def turn_to(self, endpoint: Endpoint) -> None:
        """Asks another model."""
        self.request = endpoint.fill(self.asked)
        self.form = wire_form(self.request)
        self.ability = None


class Answer(NamedTuple):
    """A reply, and what is wrong with the answer in it."""

    reply: Reply
    error: BadAnswer | None


class Endpoint:
    """One model: its provider, limits, accounts and price. `pursue` is the loop."""

    def __init__(self, block: ModelBlock, provider: Provider, price: Price | None, shared: Shared) -> None:
        self.id = block.id
        self.block = block
        self.fallback: Endpoint | None = None
        self.gate = Gate(block.limits, shared.clock)
        self.circuit = Circuit(block.id, shared.clock, shared.book.event, shared.wait_for)
        self.till = Till(block.id, price, shared.book, shared.purse)
        self._guess = None if block.limits.tpm is None else Guess(block.max_output_tokens)
        self._price = price
        self._provider = provider
        self._shared = shared
        self._retries = block.limits.retries
        self._deadlines = Deadlines(block.limits.timeout_s, shared.clock)
        shared.gates.append(self.gate)

    def fill(self, request: Request) -> Request:
        """The request with what the block says where the request says nothing."""
        block = self.block
        given = (request.temperature, request.top_p, request.max_output_tokens)
        temperature = block.temperature if given[0] is None else given[0]
        top_p = block.top_p if given[1] is None else given[1]
        most = block.max_output_tokens if given[2] is None else given[2]
        if given == (temperature, top_p, most):
            return request
        rest = (
            request.stop,
            request.seed,
            request.schema,
            request.logprobs,
            request.purpose,
            request.json_object,
            request.least,
        )
        return Request(request.messages, temperature, top_p, most, *rest)

    async def pursue(self, question: Question) -> Reply:
        """Asks until there is a reply, an error that asking again does not mend, or no try left."""
        tries = 0
        while True:
            if self._shared.stopped is not None:
                raise copy(self._shared.stopped)
            probe = not self.circuit.closed and await self._enter_circuit()
            try:
                reply = await (self._probe(question) if probe else self._attempt(question))
            except Unsupported:
                question.ability = question.ability and weaker(question.ability)
                if question.ability is None:
                    raise
            except (Unavailable, TimedOut, BadReply) as error:
                if probe and self.fallback is None and unheard(error):
                    continue
                if tries >= self._retries:
                    raise
                await self.back_off(tries)
                tries += 1
            else:
                if reply is not None:
                    return reply

    async def _enter_circuit(self) -> bool:
        try:
            return await self.circuit.enter(patient=self.fallback is None)
        except EndpointDown as error:
            self._shared.stop(error)
            raise

    async def back_off(self, tries: int) -> None:
        """Waits the longer the more tries have failed."""
        longest = min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2 ** min(tries, 16))
        await self._shared.wait_for(self._shared.clock.sleep(self._shared.jitter() * longest))

    async def _probe(self, question: Question) -> Reply | None:
        failed = False
        try:
            return await self._attempt(question, probe=True)
        except CallError as error:
            failed = unheard(error)
            raise
        finally:
            self.circuit.probed(failed)

    async def _attempt(self, question: Question, probe: bool = False) -> Reply | None:
        """Sends one request, once the limits admit it and the budget covers it.

        None where it was not sent, because the circuit opened while it stood in line.
        """
        sent = self._prepare(question)
        gate = self.gate
        if not gate.admit(sent.estimate, self._shared.clock.monotonic()):
            await gate.enter(question.trial, sent.estimate)
        try:
            if not (probe or self.circuit.closed):
                return None
            if not self.till.covers(sent):
                await self.till.cover(sent, question.trial)
            return await self._exchange(question, sent)
        finally:
            gate.leave()

    def _prepare(self, question: Question) -> Sent:
        request, prompt = question.request, len(question.form)
        if request.schema is not None:
            if question.ability is None:
                question.ability = self._shared.abilities.get(self.id, STRONGEST)
            shaped = shape(request, question.ability)
            if shaped is not request:
                request, prompt = shaped, len(wire_form(shaped))
        output = request.max_output_tokens
        estimate = 0.0 if self._guess is None else self._guess.of(prompt, output)
        return Sent(request, prompt, self.till.most(prompt, output or 0), estimate)

    async def _exchange(self, question: Question, sent: Sent) -> Reply:
        shared = self._shared
        question.attempts += 1
        began, started, purpose = shared.clock.monotonic(), shared.clock.time(), question.request.purpose
        nano_usd = None if self._price is None else sent.reserved.nano_usd
        bill = (sent.prompt, sent.request.max_output_tokens, None, None, nano_usd)
        try:
            if shared.stopped is not None:
                raise copy(shared.stopped)
            question.call = call = shared.book.next_call()
            place = (call, question.trial, question.step, self.id, question.attempts)
            entry = Call(*place, "open", purpose, *bill, None, None, started)
            shared.book.enter(entry)
        except BaseException:
            self.till.unsent(sent)
            self.gate.correct(-sent.estimate)
            raise
        try:
            reply = await self._send(sent.request)
            now = shared.clock.monotonic()
            answer = self._read(question, reply, now - began)
        except BaseException as error:
            now = shared.clock.monotonic()
            self.till.failed(entry, sent, error, now - began)
            self._heed(error, sent, began, now)
            raise
        question.answered = self.till.answered(entry, sent, answer.reply, answer.error)
        self._welcome(question, sent, answer.reply, now)
        if answer.error is not None:
            answer.error.spent = answer.reply.spent
            raise answer.error
        return answer.reply

    async def _send(self, request: Request) -> Reply:
        limit = Deadline(self._deadlines)
        try:
            with limit:
                return checked(await self._provider.complete(request))
        except TimeoutError:
            if not limit.expired:
                raise
            raise TimedOut(f"model {self.id!r} did not answer within {self._deadlines.seconds:g} s", charged=True) from None

    def _read(self, question: Question, reply: Reply, latency_s: float) -> Answer:
        """The reply with what the loop knows of it; an answer that does not fit its schema is paid for all the same."""
        schema, data, error = question.request.schema, reply.data, None
        if schema is not None and reply.refusal is None:
            try:
                data = read(schema, reply.text, reply.finish, question.request.least)
            except BadAnswer as bad:
                error = bad
        usage = reply.usage
        nano_usd = None if usage is None or self._price is None else self._price.of(usage)
        provided = (reply.text, reply.model, reply.finish, reply.refusal, usage, reply.logprobs)
        return Answer(Reply(*provided, data, latency_s, question.attempts, False, nano_usd), error)

    def _welcome(self, question: Question, sent: Sent, reply: Reply, now: float) -> None:
        """What a reply says about the endpoint, for the calls to come."""
        self.circuit.answered()
        self.gate.succeeded()
        self._shared.pace.count(now)
        if self._guess is not None and reply.usage is not None:
            self._guess.learn(sent.prompt, reply.usage)
            self.gate.correct(reply.usage.input + reply.usage.output - sent.estimate)
        if question.ability is not None:
            self._remember(question.ability)

    def _heed(self, error: BaseException, sent: Sent, began: float, now: float) -> None:
        """What an error says about the endpoint, for the calls to come."""
        if isinstance(error, RunStopped):
            self._shared.stop(error)
        if not billable(error):
            self.gate.correct(-sent.estimate)
        if not isinstance(error, CallError):
            return
        self.gate.pause(demanded(error.retry_after), now)
        if isinstance(error, Overloaded):
            self.gate.overloaded(began, now)
        elif unheard(error):
            self.circuit.failed(words(error))
        elif not isinstance(error, BadReply):
            self.circuit.answered()

    def _remember(self, ability: Ability) -> None:
        """An endpoint that took a weaker form is asked in that form from now on."""
        known = self._shared.abilities.get(self.id, STRONGEST)
        if ability in (below := weaker(known), below and weaker(below)):
            self._shared.abilities[self.id] = ability
            self._shared.book.event("ability_lowered", {"model": self.id, "from": known, "to": ability})


def unheard(error: CallError) -> bool:
    """Whether the endpoint gave no sign of life."""
    return isinstance(error, (Unavailable, TimedOut)) and not isinstance(error, Overloaded)
