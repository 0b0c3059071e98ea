"""Stops asking an endpoint that does not answer, and lets one request at a time find out whether it does again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

from loopwright.errors import EndpointDown, Unavailable
from loopwright.llm.clock import Clock
from loopwright.records import Fields

FAILURES = 10
"""Failures in a row that open the circuit."""
COOL_DOWN = 5.0
LONGEST_COOL_DOWN = 60.0
PROBES = 5
"""Failed probes in a row after which the endpoint counts as down."""

Wait: TypeAlias = Callable[[Coroutine[Any, Any, object]], Awaitable[None]]


class Circuit:
    """Closed while the endpoint answers. `enter` is for calls that find it open, the rest tells it what came of a call."""

    def __init__(self, model: str, clock: Clock, event: Callable[[str, Fields], None], wait_for: Wait) -> None:
        """`wait_for` awaits what it is given, and raises where the run stops meanwhile."""
        self.closed = True
        self._model = model
        self._clock = clock
        self._event = event
        self._wait_for = wait_for
        self._failures = 0
        self._cool_down = COOL_DOWN
        self._open_until = 0.0
        self._probe: asyncio.Event | None = None
        self._failed_probes = 0
        self._last = ""

    async def enter(self, patient: bool) -> bool:
        """Waits until the endpoint may be asked; True where this call is the probe, which must call `probed` when it has ended.

        An impatient call, one that has a fallback, is turned away at once unless a probe is due. For the patient ones the
        endpoint is down after some probes, which ends the run: failing one trial after the other would help nobody.
        """
        while not self.closed:
            why = f"model {self._model!r} failed {self._failures} times in a row; the last: {self._last}"
            if patient and self._failed_probes >= PROBES:
                raise EndpointDown(f"{why}; resume the run when the endpoint answers again")
            delay = self._open_until - self._clock.monotonic()
            if self._probe is None and delay <= 0:
                self._probe = asyncio.Event()
                return True
            if not patient:
                raise Unavailable(why)
            if self._probe is None:
                await self._wait_for(self._clock.sleep(delay))
            else:
                await self._wait_for(self._probe.wait())
        return False

    def answered(self) -> None:
        """The endpoint is alive."""
        self._failures = 0
        if not self.closed:
            self.closed = True
            self._cool_down = COOL_DOWN
            self._failed_probes = 0
            self._event("circuit_closed", {"model": self._model})

    def failed(self, why: str) -> None:
        """No answer came."""
        self._failures += 1
        self._last = why
        if self.closed and self._failures >= FAILURES:
            self.closed = False
            self._open_until = self._clock.monotonic() + self._cool_down
            self._event("circuit_opened", {"model": self._model, "failures": self._failures, "last": why})

    def probed(self, failed: bool) -> None:
        """The probe has ended; where no answer came the circuit stays open, for longer each time."""
        probe, self._probe = self._probe, None
        if failed:
            self._failed_probes += 1
            self._cool_down = min(2 * self._cool_down, LONGEST_COOL_DOWN)
            self._open_until = self._clock.monotonic() + self._cool_down
        if probe is not None:
            probe.set()
