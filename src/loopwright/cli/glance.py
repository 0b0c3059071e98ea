"""A run under way at one moment: read off its counters, and put into a line of text or of JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from loopwright.report.amounts import count, duration, share, usd
from loopwright.spec import paths
from loopwright.store.summary import Total

if TYPE_CHECKING:
    from loopwright.llm.spending import Spending
    from loopwright.runs.live import Live


@dataclass(frozen=True, slots=True)
class ArmLine:
    """What an arm has earned so far; `mean` is None before its first reward."""

    name: str
    pulls: int
    mean: float | None
    off: bool = False
    """Whether it is offered no more."""


@dataclass(frozen=True, slots=True)
class CapLine:
    """One cap: `unit` is usd, tokens or calls; usd amounts are in nano-USD; `model` is None for the run's own."""

    unit: str
    model: str | None
    spent: int
    reserved: int
    limit: int

    @property
    def place(self) -> str:
        """Where it stands in the spec."""
        whose = () if self.model is None else ("models", self.model)
        return paths.show((*whose, "budget", self.unit))

    @property
    def label(self) -> str:
        return self.unit if self.model is None else f"{self.model} {self.unit}"

    @property
    def amounts(self) -> str:
        show: Callable[[int], str] = usd if self.unit == "usd" else count
        return f"{show(self.spent)} of {show(self.limit)}"


@dataclass(frozen=True, slots=True)
class Glance:
    """The whole. `nano_usd` is what this life has spent, as far as it is known; `unpriced` calls are not in it."""

    run: str
    settled: int
    expected: int | None
    wanted: int | None
    in_flight: int
    failed: int
    samples: int
    accepted: int
    arms: tuple[ArmLine, ...]
    caps: tuple[CapLine, ...]
    calls: int
    nano_usd: int
    unpriced: int
    requests_per_s: float
    elapsed_s: float
    eta_s: float | None
    trials_per_s: float = 0.0
    figures: dict[str, float | None] = field(default_factory=dict)
    """What the workflow says of the run so far."""

    def fields(self) -> dict[str, Any]:
        """As data, for programs."""
        return {**asdict(self), "nano_usd": self._spent.exact}

    @property
    def trials(self) -> str:
        of = "" if self.expected is None or self.wanted is not None else f" of {count(self.expected)}"
        return f"{count(self.settled)}{of} trials"

    @property
    def part(self) -> float | None:
        """How much of the run is done."""
        done, whole = (self.settled, self.expected) if self.wanted is None else (self.accepted, self.wanted)
        return done / whole if whole else None

    @property
    def spent(self) -> str:
        """Against every cap; where no cap is in USD, what is known of the sum."""
        parts = [f"{cap.label} {cap.amounts}" for cap in self.caps]
        if self.calls and not any(cap.unit == "usd" and cap.model is None for cap in self.caps):
            parts.insert(0, f"usd {self._spent.told(usd)}")
        return ", ".join(parts)

    @property
    def _spent(self) -> Total:
        return Total(self.nano_usd, self.unpriced)

    @property
    def said(self) -> str:
        """The figures of the workflow, and how fast the trials go; nothing where there are none."""
        known = [f"{name.replace('_', ' ')} {_number(value)}" for name, value in self.figures.items()]
        return ", ".join([*known, f"{self.trials_per_s:.1f} trials/s"]) if known else ""

    def text(self) -> str:
        """One line."""
        parts = [
            f"{self.trials}, {self.in_flight} in flight, {self.failed} failed",
            f"{count(self.accepted)} of {count(self.samples)} samples accepted ({share(self.accepted, self.samples)})"
            + ("" if self.wanted is None else f", {count(self.wanted)} wanted"),
            self.said,
            self.spent,
            f"{self.requests_per_s:.1f} requests/s" if self.calls else "",
            "" if self.eta_s is None else f"{duration(self.eta_s)} to go",
        ]
        return f"{duration(self.elapsed_s)}: " + "; ".join(part for part in parts if part)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if abs(value) < 10 else count(round(value))


class Gauge:
    """Reads one run, again and again. Rates are those of this life."""

    def __init__(self, live: Live, clock: Callable[[], float] = time.monotonic) -> None:
        self._live = live
        self._clock = clock
        self._began = clock()

    def look(self) -> Glance:
        progress = self._live.progress
        spending = self._live.models.spending()
        elapsed = self._clock() - self._began
        total = spending.total
        return Glance(
            run=self._live.folder.name,
            settled=progress.settled,
            expected=progress.expected,
            wanted=progress.wanted,
            in_flight=progress.in_flight,
            failed=progress.failed,
            samples=progress.samples,
            accepted=progress.accepted,
            arms=tuple(ArmLine(name, arm.pulls, arm.mean, arm.off is not None) for name, arm in sorted(progress.arms.items())),
            caps=tuple(caps(spending)),
            calls=total.calls,
            nano_usd=total.nano_usd,
            unpriced=total.unknown_calls,
            requests_per_s=spending.settled_per_s,
            elapsed_s=elapsed,
            eta_s=self._eta(elapsed),
            trials_per_s=(progress.settled - progress.resumed_at) / elapsed if elapsed > 0 else 0.0,
            figures=dict(progress.figures()),
        )

    def _eta(self, elapsed: float) -> float | None:
        progress = self._live.progress
        done, whole, before = progress.settled, progress.expected, progress.resumed_at
        if progress.wanted is not None:
            done, whole, before = progress.accepted, progress.wanted, progress.accepted_before
        if whole is None or done <= before:
            return None
        return max(0, whole - done) * elapsed / (done - before)


def caps(spending: Spending) -> Iterator[CapLine]:
    """The caps by what they are called in the spec."""
    for account, cap in spending.caps.items():
        owner, _, unit = account.rpartition(":")
        model = owner.removeprefix("model/") if owner.startswith("model/") else None
        yield CapLine("usd" if unit == "nano_usd" else unit, model, cap.spent, cap.reserved, cap.limit)
