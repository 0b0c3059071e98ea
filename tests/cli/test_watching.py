"""What is shown of a run under way, at moments that the tests choose."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from loopwright.cli.display import frame
from loopwright.cli.glance import ArmLine, CapLine, Gauge, Glance
from loopwright.cli.screen import Screen
from loopwright.cli.watching import FIRST_S, INTERVAL_S, Lines, Silent
from loopwright.llm.book import MemoryBook
from loopwright.llm.http import Http
from loopwright.llm.models import Models
from loopwright.llm.providers import Context
from loopwright.llm.providers.scripted import Scripted
from loopwright.loop.progress import ArmProgress, Progress
from loopwright.runs.folder import RunFolder
from loopwright.runs.live import Live
from loopwright.spec.blocks import Budget, ModelBlock, Pricing, RunSpec


def live() -> Live:
    progress = Progress(expected=100, settled=40, in_flight=4, samples=80, accepted=20, resumed_at=20)
    progress.arms["wide"] = ArmProgress(pulls=60, rewards=50, total=25.0, weight=50.0)
    priced = Pricing(input_per_1k=1.0, output_per_1k=1.0)
    block = ModelBlock(id="writer", provider="scripted", script=["word"], max_output_tokens=8, pricing=priced)
    provider = Scripted(block, Context(Http()))
    models = Models((block,), Budget(usd=2.0, calls=1000), MemoryBook(), {"writer": provider})
    return Live(RunFolder(Path("runs/toy-12345678")), RunSpec(workflow="toy"), progress, models)


def screen(*, json: bool = False, quiet: bool = False) -> tuple[Screen, StringIO, StringIO]:
    out, err = StringIO(), StringIO()
    return Screen(out, err, {}, json=json, quiet=quiet), out, err


def times(naps: list[float], most: int) -> Callable[[float], Awaitable[None]]:
    """A sleep that takes no time, and is cancelled after so many."""

    async def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) > most:
            raise asyncio.CancelledError

    return sleep


async def test_one_line_comes_soon_and_then_one_per_interval() -> None:
    naps: list[float] = []
    lines, _, err = screen()
    with pytest.raises(asyncio.CancelledError):
        await Lines(lines, times(naps, 3)).watch(live())
    assert naps == [FIRST_S, INTERVAL_S, INTERVAL_S, INTERVAL_S]
    run, *shown = err.getvalue().splitlines()
    assert run == "run runs/toy-12345678"
    assert len(shown) == 3
    assert "40 of 100 trials, 4 in flight, 0 failed" in shown[0]
    assert "20 of 80 samples accepted (25.0 %)" in shown[0]
    assert "usd $0.00 of $2.00" in shown[0]


async def test_what_must_be_said_of_a_run_is_said_before_its_figures() -> None:
    said = live()._replace(caveats=("nobody answers",), warnings=("much is spent",))
    lines, _, err = screen()
    with pytest.raises(asyncio.CancelledError):
        await Lines(lines, times([], 1)).watch(said)
    assert err.getvalue().splitlines()[1:3] == ["note: nobody answers", "warning: much is spent"]


async def test_programs_get_events() -> None:
    lines, out, _ = screen(json=True)
    with pytest.raises(asyncio.CancelledError):
        await Lines(lines, times([], 1)).watch(live())
    event = json.loads(out.getvalue())
    assert event["event"] == "progress"
    assert (event["settled"], event["expected"], event["in_flight"]) == (40, 100, 4)
    assert event["arms"] == [{"name": "wide", "pulls": 60, "mean": 0.5, "off": False}]
    assert {"unit": "usd", "model": None, "spent": 0, "reserved": 0, "limit": 2_000_000_000} in event["caps"]


async def test_quiet_shows_only_what_the_user_must_see_now() -> None:
    quiet, out, err = screen(quiet=True)
    shows = Silent(quiet)
    await shows.watch(live())
    assert (out.getvalue(), err.getvalue()) == ("", "")
    shows.notice("stopping")
    assert err.getvalue() == "stopping\n"


def test_the_time_to_go_counts_what_this_life_has_settled() -> None:
    now = [100.0]
    watched = live()
    gauge = Gauge(watched, lambda: now[0])
    now[0] += 10
    assert gauge.look().eta_s == 30  # 20 of 60 in ten seconds
    watched.progress.settled = 20
    assert gauge.look().eta_s is None


def test_what_a_workflow_says_of_its_run_is_shown_with_how_fast_it_goes() -> None:
    now = [100.0]
    watched = live()
    watched.progress.figures = lambda: {"fix_rate": 0.25, "break_rate": None, "tokens_per_net_fix": 1234.5}
    gauge = Gauge(watched, lambda: now[0])
    now[0] += 10
    seen = gauge.look()
    said = "fix rate 0.250, break rate -, tokens per net fix 1,234, 2.0 trials/s"
    assert said in seen.text()
    assert said in drawn(seen)
    assert seen.fields()["figures"] == watched.progress.figures()
    assert "trials/s" not in Gauge(live()).look().text(), "nothing to say, nothing said"


def test_a_run_with_a_target_is_measured_by_what_is_accepted() -> None:
    now = [100.0]
    watched = live()
    watched.progress.wanted, watched.progress.accepted_before = 60, 10
    gauge = Gauge(watched, lambda: now[0])
    now[0] += 10
    seen = gauge.look()
    assert seen.eta_s == 40  # 10 in ten seconds, 40 to go, however many trials were expected
    assert "40 trials, " in seen.text()
    assert "20 of 80 samples accepted (25.0 %), 60 wanted" in seen.text()
    shown = drawn(seen)
    assert "80, 20 of 60 wanted accepted (25.0 %)" in shown
    assert "████████░░░░░░░░░░░░░░░░  40, 4 in flight" in shown


def drawn(glance: Glance, *, encoding: str = "utf-8") -> str:
    class Encoded(StringIO):
        @property
        def encoding(self) -> str:  # type: ignore[override]
            return encoding

    file = Encoded()
    console = Console(file=file, width=100, color_system=None)
    console.print(frame(glance, "/runs/x", console))
    return file.getvalue()


GLANCE = Glance(
    run="x",
    settled=50,
    expected=100,
    wanted=None,
    in_flight=4,
    failed=2,
    samples=90,
    accepted=30,
    arms=(ArmLine("careful", 10, 0.25), ArmLine("[red]e\x1b[2Jvil", 40, None)),
    caps=(CapLine("usd", None, 150_000_000, 0, 2_000_000_000), CapLine("calls", "writer", 10, 1, 100)),
    calls=80,
    nano_usd=0,
    unpriced=1,
    requests_per_s=12.34,
    elapsed_s=75,
    eta_s=75,
)


def test_a_frame_holds_all_that_is_promised() -> None:
    shown = drawn(GLANCE)
    for said in (
        "50 of 100, 4 in flight, 2 failed",
        "90, 30 accepted (33.3 %)",
        "$0.15 of $2.00",
        "writer calls",
        "10 of 100",
        "80, 12.3 per second",
        "1 min 15 s, 1 min 15 s to go",
        "0.250",
        "40 pulls",
        "████████████░░░░░░░░░░░░",
    ):
        assert said in shown
    assert "\x1b[2J" not in shown
    assert "[red]e\\x1b[2Jvil" in shown


def test_a_terminal_without_unicode_gets_other_bars() -> None:
    assert "############............" in drawn(GLANCE, encoding="ascii")


def test_an_unknown_price_is_called_unknown() -> None:
    unpriced = replace(GLANCE, arms=(), caps=())
    assert "usd unknown" in unpriced.text()
    assert "usd unknown" in drawn(unpriced)
    assert unpriced.fields()["nano_usd"] is None
    partly = replace(unpriced, nano_usd=150_000_000, unpriced=2)
    assert "usd $0.15 + 2 calls unknown" in partly.text()
    assert partly.fields()["nano_usd"] is None


def test_many_arms_are_cut_to_those_most_pulled() -> None:
    many = replace(GLANCE, caps=(), arms=tuple(ArmLine(f"arm{n:02}", n, 0.5) for n in range(30)))
    shown = drawn(many)
    assert "arm29" in shown
    assert "arm10" not in shown
    assert "and 18 more" in shown
