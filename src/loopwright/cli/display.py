"""The live display of a run on a terminal, a few frames per second, drawn with rich."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live as Redrawn
from rich.table import Table
from rich.text import Text

from loopwright.cli.glance import ArmLine, Gauge, Glance
from loopwright.cli.screen import Screen
from loopwright.cli.text import line
from loopwright.cli.watching import FRAME_S, Silent, Sleep
from loopwright.report.amounts import count, duration, share

if TYPE_CHECKING:
    from loopwright.runs.live import Live

BAR = 24
MOST_ARMS = 12


class Display(Silent):
    """Redraws below whatever else is printed, and leaves the last frame standing."""

    def __init__(self, screen: Screen, sleep: Sleep = asyncio.sleep) -> None:
        super().__init__(screen)
        self._console = screen.console(screen.err)
        self._sleep = sleep

    async def watch(self, live: Live) -> None:
        await super().watch(live)
        gauge = Gauge(live)
        for caveat in live.caveats:
            self.notice(f"note: {caveat}")
        for warning in live.warnings:
            self.notice(f"warning: {warning}")
        with Redrawn(console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as redrawn:
            try:
                while True:
                    redrawn.update(self._frame(gauge, live), refresh=True)
                    await self._sleep(FRAME_S)
            finally:
                redrawn.update(self._frame(gauge, live), refresh=True)

    def notice(self, text: str) -> None:
        self._console.print(Text(line(text), style="yellow"))

    def _frame(self, gauge: Gauge, live: Live) -> RenderableType:
        return frame(gauge.look(), str(live.folder.path), self._console)


def frame(glance: Glance, folder: str, console: Console) -> RenderableType:
    """One picture of the run."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column()
    for label, fact in _facts(glance, console):
        facts.add_row(label, fact)
    parts: list[RenderableType] = [Text(line(glance.run), style="bold"), facts]
    if glance.arms:
        parts.append(_arms(glance.arms, console))
    parts.append(Text(line(folder), style="dim"))
    return Group(*parts)


def _facts(glance: Glance, console: Console) -> list[tuple[str, Text]]:
    trials = Text(f"{glance.trials.removesuffix(' trials')}, {glance.in_flight} in flight")
    if glance.part is not None:
        trials = Text.assemble(_bar(glance.part, console), "  ", trials)
    trials.append(f", {glance.failed} failed", style="red" if glance.failed else "")
    of = "" if glance.wanted is None else f" of {count(glance.wanted)} wanted"
    passed = f"{count(glance.samples)}, {count(glance.accepted)}{of} accepted ({share(glance.accepted, glance.samples)})"
    facts = [("trials", trials), ("samples", Text(passed))]
    if glance.said:
        facts.append(("so far", Text(line(glance.said))))
    facts += [(line(cap.label), Text(cap.amounts)) for cap in glance.caps]
    if glance.calls:
        spent = "" if any(cap.unit == "usd" for cap in glance.caps) else f", {glance.spent.partition(',')[0]}"
        facts.append(("requests", Text(f"{count(glance.calls)}, {glance.requests_per_s:.1f} per second{spent}")))
    to_go = "" if glance.eta_s is None else f", {duration(glance.eta_s)} to go"
    facts.append(("time", Text(duration(glance.elapsed_s) + to_go)))
    return facts


def _arms(arms: tuple[ArmLine, ...], console: Console) -> RenderableType:
    """The reward of each arm: those most pulled, where there are many."""
    shown = sorted(sorted(arms, key=lambda arm: -arm.pulls)[:MOST_ARMS], key=lambda arm: arm.name)
    table = Table.grid(padding=(0, 2))
    for _ in range(2):
        table.add_column()
    for _ in range(2):
        table.add_column(justify="right")
    for arm in shown:
        mean = "-" if arm.mean is None else f"{arm.mean:.3f}"
        table.add_row(
            Text(line(arm.name, 30)),
            _bar(arm.mean or 0.0, console),
            Text(mean),
            Text(f"{count(arm.pulls)} pulls{', switched off' if arm.off else ''}"),
        )
    if len(arms) > len(shown):
        table.add_row(Text(f"and {len(arms) - len(shown)} more", style="dim"))
    return table


def _bar(part: float, console: Console) -> Text:
    full, empty = ("#", ".") if console.options.ascii_only else ("█", "░")
    filled = round(BAR * min(max(part, 0.0), 1.0))
    return Text.assemble((full * filled, "cyan"), (empty * (BAR - filled), "dim"))
