"""How fast one model may be asked: requests in flight, requests and tokens per minute, and the pauses a server demands."""

from __future__ import annotations

import asyncio
import heapq
from copy import copy
from itertools import count
from math import isnan
from typing import NamedTuple

from loopwright.errors import LoopwrightError
from loopwright.llm.clock import Clock
from loopwright.llm.messages import Usage
from loopwright.spec.blocks import Limits

MINUTE = 60.0
BURST = 0.05
"""The share of a minute's allowance that may go out at once; the steady rate is the rest."""
LONGEST_PAUSE = 300.0
"""The longest wait that a server can demand, in seconds."""
SHORTEST_SLEEP = 0.0005
"""Below this a clock may not advance at all."""


class Rate:
    """A rate limit (GCRA): no minute ever sees more than the allowance, but for what one cost alone exceeds the burst by.

    `_due` is the time at which all that was taken will have been paid off at the steady rate.
    """

    __slots__ = ("_burst", "_due", "_every")

    def __init__(self, per_minute: float, unit: float, share: float = BURST) -> None:
        """`unit` is the smallest cost: 1 where things are counted, 0 for a quantity. `share` may go out at once."""
        self._burst = max(unit, per_minute * share // 1 if unit else per_minute * share)
        self._every = MINUTE / (per_minute - self._burst + unit)
        self._due = float("-inf")

    def wait(self, cost: float, now: float) -> float:
        """Seconds until this may be taken; not above 0 when it may be taken now."""
        return self._due + min(cost - self._burst, 0.0) * self._every - now

    def take(self, cost: float, now: float) -> None:
        self._due = max(self._due, now) + cost * self._every

    def correct(self, difference: float) -> None:
        """Takes more, or gives back, once the true cost is known."""
        self._due += difference * self._every


class Waiting(NamedTuple):
    trial: int
    order: int
    tokens: float
    admitted: asyncio.Future[None]


class Gate:
    """Admits requests to one model: the lowest trial first, whoever comes first within it.

    The requests in flight are halved when the server says it is overloaded, and grow by one for every full set of successes.
    """

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.most = limits.concurrency
        self.limit = limits.concurrency
        self.in_flight = 0
        self._clock = clock
        self._requests = [] if limits.rpm is None else [Rate(limits.rpm, 1.0)]
        if limits.delay_s is not None:
            self._requests.append(Rate(MINUTE / limits.delay_s, 1.0, share=0.0))
        self._tokens = None if limits.tpm is None else Rate(limits.tpm, 0.0)
        self._closed_until = float("-inf")
        self._cut_at = float("-inf")
        self._successes = 0
        self._waiting: list[Waiting] = []
        self._order = count()
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = float("inf")

    def admit(self, tokens: float, now: float) -> bool:
        """Lets a request through at once where nothing stands in its way."""
        if self._waiting or self.in_flight >= self.limit or self._delay(tokens, now) > 0:
            return False
        self._take(tokens, now)
        return True

    async def enter(self, trial: int, tokens: float) -> None:
        """Waits in line for admission."""
        waiting = Waiting(trial, next(self._order), tokens, asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, waiting)
        self._advance()
        try:
            await waiting.admitted
        except asyncio.CancelledError:
            admitted = waiting.admitted
            if admitted.done() and not admitted.cancelled() and admitted.exception() is None:
                self.leave()
            raise

    def leave(self) -> None:
        self.in_flight -= 1
        if self._waiting:
            self._advance()

    def correct(self, difference: float) -> None:
        """Tells by how many tokens the estimate was short."""
        if self._tokens is not None:
            self._tokens.correct(difference)

    def succeeded(self) -> None:
        if self.limit < self.most:
            self._successes += 1
            if self._successes >= self.limit:
                self.limit += 1
                self._successes = 0

    def overloaded(self, started: float, now: float) -> None:
        """Slows down, once for all the requests that were under way together."""
        if started >= self._cut_at:
            self.limit = max(1, self.limit // 2)
            self._cut_at = now
            self._successes = 0

    def pause(self, seconds: float, now: float) -> None:
        self._closed_until = max(self._closed_until, now + min(seconds, LONGEST_PAUSE))

    def stop(self, cause: LoopwrightError) -> None:
        """Turns away all who wait."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.admitted.done():
                each.admitted.set_exception(copy(cause))
        self.close()

    def close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _delay(self, tokens: float, now: float) -> float:
        delay = self._closed_until - now
        for rate in self._requests:
            delay = max(delay, rate.wait(1.0, now))
        if self._tokens is not None:
            delay = max(delay, self._tokens.wait(tokens, now))
        return delay

    def _take(self, tokens: float, now: float) -> None:
        self.in_flight += 1
        for rate in self._requests:
            rate.take(1.0, now)
        if self._tokens is not None:
            self._tokens.take(tokens, now)

    def _advance(self) -> None:
        """Admits from the head of the line whom it can, and sets the alarm for the next."""
        while self._waiting:
            head = self._waiting[0]
            if head.admitted.done():
                heapq.heappop(self._waiting)
                continue
            if self.in_flight >= self.limit:
                return
            now = self._clock.monotonic()
            delay = self._delay(head.tokens, now)
            if delay > 0:
                self._wake_at(now, max(delay, SHORTEST_SLEEP))
                return
            heapq.heappop(self._waiting)
            self._take(head.tokens, now)
            head.admitted.set_result(None)

    def _wake_at(self, now: float, delay: float) -> None:
        if self._alarm is not None:
            if self._alarm_at <= now + delay:
                return
            self._alarm.cancel()
        self._alarm_at = now + delay
        self._alarm = asyncio.get_running_loop().create_task(self._wake(delay))

    async def _wake(self, delay: float) -> None:
        await self._clock.sleep(delay)
        self._alarm = None
        self._advance()


def demanded(retry_after: float | None) -> float:
    """The pause that a server asked for, in seconds; 0 where it asked for none or for nonsense."""
    if retry_after is None or isnan(retry_after) or retry_after <= 0:
        return 0.0
    return min(retry_after, LONGEST_PAUSE)


class Guess:
    """What the next request will come to in tokens, learned from those before; rate limits are charged with it at first."""

    LEARNING = 0.05

    def __init__(self, max_output_tokens: int | None) -> None:
        self._per_byte = 0.25
        self._output = float(max_output_tokens or 256)

    def of(self, prompt: int, max_output_tokens: int | None) -> float:
        output = self._output if max_output_tokens is None else min(self._output, max_output_tokens)
        return prompt * self._per_byte + output

    def learn(self, prompt: int, usage: Usage) -> None:
        self._per_byte += self.LEARNING * (usage.input / prompt - self._per_byte)
        self._output += self.LEARNING * (usage.output - self._output)
