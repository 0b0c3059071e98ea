"""Requests and tokens per minute as the real service limits and reports them: allowances that fill up steadily."""

from __future__ import annotations

import math

from loopwright.llm.clock import Clock
from loopwright.llm.practice.bodies import Wrong


class _Allowance:
    """So many per minute, all of which may be taken at once."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self.limit = limit
        self._left = float(limit)
        self._clock = clock
        self._at = clock.monotonic()

    def left(self) -> float:
        now = self._clock.monotonic()
        self._left = min(self.limit, self._left + (now - self._at) * self.limit / 60)
        self._at = now
        return self._left

    def take(self, amount: float) -> None:
        """May leave less than nothing, where more was used than was expected."""
        self._left = min(self.limit, self.left() - amount)

    def wait(self, amount: float) -> float:
        """Seconds until so much is left."""
        return max(0.0, amount - self.left()) * 60 / self.limit


class Meter:
    """The limits of one server. What is not limited is neither counted nor reported."""

    def __init__(self, rpm: int | None, tpm: int | None, clock: Clock) -> None:
        self._requests = _Allowance(rpm, clock) if rpm else None
        self._tokens = _Allowance(tpm, clock) if tpm else None

    def admit(self, model: str, tokens: int) -> None:
        """Counts a request that is expected to take so many tokens, or refuses it."""
        if self._requests is not None and self._requests.wait(1):
            raise self._over(model, "requests", "RPM", self._requests, 1)
        if self._tokens is not None:
            if tokens > self._tokens.limit:
                raise self._never(model, self._tokens.limit, tokens)
            if self._tokens.wait(tokens):
                raise self._over(model, "tokens", "TPM", self._tokens, tokens)
            self._tokens.take(tokens)
        if self._requests is not None:
            self._requests.take(1)

    def settle(self, expected: int, used: int) -> None:
        """Puts right what was expected."""
        if self._tokens is not None:
            self._tokens.take(used - expected)

    def headers(self) -> dict[str, str]:
        """What is left of each allowance."""
        told = {}
        for name, allowance in (("requests", self._requests), ("tokens", self._tokens)):
            if allowance is not None:
                told[f"x-ratelimit-limit-{name}"] = str(allowance.limit)
                told[f"x-ratelimit-remaining-{name}"] = str(max(0, math.floor(allowance.left())))
                told[f"x-ratelimit-reset-{name}"] = duration(allowance.wait(allowance.limit))
        return told

    def _over(self, model: str, kind: str, short: str, allowance: _Allowance, amount: int) -> Wrong:
        wait = allowance.wait(amount)
        used = min(allowance.limit, math.ceil(allowance.limit - allowance.left()))
        message = (
            f"Rate limit reached for {model} on {kind} per min ({short}): Limit {allowance.limit}, Used {used}, "
            f"Requested {amount}. Please try again in {duration(wait)}."
        )
        headers = {"Retry-After": str(math.ceil(wait)), "retry-after-ms": str(math.ceil(wait * 1000))}
        return Wrong(message, "rate_limit_exceeded", status=429, kind=kind, headers={**self.headers(), **headers})

    def _never(self, model: str, limit: int, tokens: int) -> Wrong:
        message = (
            f"Request too large for {model} on tokens per min (TPM): Limit {limit}, Requested {tokens}. "
            "The input or output tokens must be reduced in order to run successfully."
        )
        return Wrong(message, "rate_limit_exceeded", status=429, kind="tokens", headers=self.headers())


def duration(seconds: float) -> str:
    """As the real service writes it: `20ms`, `1.5s`, `6m0s`."""
    thousandths = math.ceil(seconds * 1000 - 1e-6)
    if thousandths < 1000:
        return f"{thousandths}ms"
    if thousandths < 60_000:
        return f"{thousandths / 1000:g}s"
    whole = math.ceil(seconds)
    return f"{whole // 60}m{whole % 60}s"
