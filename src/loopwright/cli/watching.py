"""Shows a run while it goes on: redrawn on a terminal, a line now and then anywhere else, JSON for programs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from loopwright.cli.glance import Gauge
from loopwright.cli.screen import Screen

if TYPE_CHECKING:
    from loopwright.runs.folder import RunFolder
    from loopwright.runs.live import Live

FIRST_S = 1.0
INTERVAL_S = 10.0
FRAME_S = 0.25

Sleep = Callable[[float], Awaitable[None]]


class Silent:
    """Shows nothing but what the user must see now."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.folder: RunFolder | None = None
        """Where the run lives, once it does."""

    async def watch(self, live: Live) -> None:
        self.folder = live.folder

    def notice(self, text: str) -> None:
        self._screen.error(text)


class Lines(Silent):
    """One line per interval: text on stderr, or a JSON event on stdout. The first comes early, to show that it works."""

    def __init__(self, screen: Screen, sleep: Sleep = asyncio.sleep) -> None:
        super().__init__(screen)
        self._sleep = sleep

    async def watch(self, live: Live) -> None:
        await super().watch(live)
        gauge = Gauge(live)
        self._screen.tell(f"run {live.folder.path}")
        for caveat in live.caveats:
            self._screen.tell(f"note: {caveat}")
        for warning in live.warnings:
            self._screen.tell(f"warning: {warning}")
        await self._sleep(FIRST_S)
        while True:
            self._show(gauge)
            await self._sleep(INTERVAL_S)

    def _show(self, gauge: Gauge) -> None:
        glance = gauge.look()
        if self._screen.json:
            self._screen.data({"event": "progress", **glance.fields()})
        else:
            self._screen.tell(glance.text())
