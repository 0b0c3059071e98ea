"""One life of a run, from an opened store to its end: puts the rooms together and runs the loop under signals."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from loopwright.errors import CallError, EndpointDown, Interrupted, RunStopped
from loopwright.llm import providers
from loopwright.llm.cache import ReplyCache
from loopwright.llm.http import Http
from loopwright.llm.models import Models
from loopwright.llm.probe import diagnose
from loopwright.llm.provider import Provider
from loopwright.llm.spending import Spending
from loopwright.loop.acting import first_of
from loopwright.loop.adapt import Adaptation, End, Setting, end_by
from loopwright.loop.book import RunBook
from loopwright.loop.progress import Progress
from loopwright.loop.stage import Stages
from loopwright.loop.window import Window
from loopwright.loop.work import Work
from loopwright.policy.protocol import Policy
from loopwright.runs import monitors
from loopwright.runs.abilities import Probing
from loopwright.runs.beginning import bare
from loopwright.runs.caveats import of_its_own, of_spec
from loopwright.runs.check import Checked
from loopwright.runs.domain import Domain, own_learning, remember
from loopwright.runs.folder import RunFolder
from loopwright.runs.given import NOTHING, Given
from loopwright.spec.blocks import ModelBlock, RunSpec
from loopwright.store.writer import RunStore

Providers = Mapping[str, Provider]


class Live(NamedTuple):
    """A run under way, for whoever shows it."""

    folder: RunFolder
    spec: RunSpec
    progress: Progress
    models: Models
    warnings: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()


class Watcher(Protocol):
    """Shows a run while it goes on."""

    async def watch(self, live: Live) -> None:
        """Runs beside the loop, and is cancelled when that ends."""
        ...

    def notice(self, text: str) -> None:
        """One line the user should see now."""
        ...


class Unwatched:
    """The watcher that shows nothing."""

    async def watch(self, live: Live) -> None:
        """Returns at once."""

    def notice(self, text: str) -> None:
        """Says nothing."""


class Lived(NamedTuple):
    """What one life came to."""

    end: End
    progress: Progress
    spending: Spending
    missed: str | None


class Begun(NamedTuple):
    """The workflow at work, the policy with what the run began with, the domain to add to at the end, what a program gave."""

    work: Work[Any]
    policy: Policy
    domain: Domain | None
    given: Given = NOTHING


class Life:
    """The parts of one life that do not change while it lasts."""

    def __init__(self, folder: RunFolder, checked: Checked, base: Path, watcher: Watcher, drain_s: float) -> None:
        self._folder = folder
        self._checked = checked
        self._base = base
        self._watcher = watcher
        self._drain_s = drain_s

    async def run(self, store: RunStore, begun: Begun) -> Lived:
        spec, work = self._checked.spec, begun.work
        async with self._models(store, begun.given) as (models, built):
            loop = Adaptation(work, begun.policy, store, models, self._setting())
            loop.progress.expected, loop.progress.wanted = spec.expected_trials(), spec.wanted_samples()
            said = tuple(of_spec(spec, begun.policy))
            live = Live(self._folder, spec, loop.progress, models, self._checked.warnings, said)
            monitoring = monitors.feed(live, self._base, self._watcher.notice)
            async with _beside(self._watcher.watch(live)), _beside(monitoring):
                with _signals(loop, self._watcher, self._drain_s):
                    stages = Stages(store, models, spec.seed, self._base, self._watcher.notice)
                    end = await self._whole(loop, work, stages, Probing(spec, models, built, self._watcher.notice))
            missed = None
            if end.status == "done":
                missed = work.missed(loop.state)
                await store.flush()
                if begun.domain is not None:
                    learned = own_learning(self._folder.store, bare(spec.policy), getattr(work, "encoding", None))
                    remember(begun.domain, learned, store, of_its_own(self._folder))
        return Lived(end, loop.progress, models.spending(), missed)

    async def _whole(self, loop: Adaptation[Any], work: Work[Any], stages: Stages, probing: Probing) -> End:
        """Stages, then trials. What stops a stage ends the run before trial 0."""
        try:
            await probing.run(stages)
            await _as_one(work.prepare(stages))
        except asyncio.CancelledError:
            stopped = Interrupted("stopped before the first trial")
            return End("interrupted", str(stopped), stopped)
        except RunStopped as error:
            return end_by(error)
        except CallError as error:
            return end_by(EndpointDown(f"before the first trial: {diagnose(error)}"))
        return await loop.run()

    def _setting(self) -> Setting:
        spec = self._checked.spec
        return Setting(spec.seed, Window(spec.window, spec.update_every), spec.trial_deadline_s, self._drain_s)

    @contextlib.asynccontextmanager
    async def _models(self, store: RunStore, given: Given) -> AsyncIterator[tuple[Models, Providers]]:
        spec = self._checked.spec
        async with contextlib.AsyncExitStack() as stack:
            built = await stack.enter_async_context(opened(spec.models, self._base, store.answered, given))
            cache = None
            if spec.cache is not None:
                path = (self._base / spec.cache).resolve()
                cache = stack.enter_context(ReplyCache(path, list(store.samples())))
            yield await stack.enter_async_context(Models(spec.models, spec.budget, RunBook(store), built, cache=cache)), built


@contextlib.asynccontextmanager
async def opened(
    blocks: Sequence[ModelBlock],
    base: Path,
    answered: providers.Answered = providers.no_earlier_life,
    given: Given = NOTHING,
) -> AsyncIterator[dict[str, Provider]]:
    """The models' providers, over one set of connections that is closed at the end."""
    http = Http()
    by_id = {block.id: block for block in blocks}
    context = providers.Context(http, by_id, base, given.environ, answered, given.providers)
    try:
        yield {block.id: providers.build(block, context) for block in blocks}
    finally:
        await http.close()


@contextlib.contextmanager
def _signals(loop: Adaptation[Any], watcher: Watcher, drain_s: float) -> Iterator[None]:
    """Ctrl-C and SIGTERM: the first drains, the second stops at once. Before the first trial either stops at once."""
    running = asyncio.get_running_loop()
    main = asyncio.current_task()
    asked = 0

    def stop() -> None:
        nonlocal asked
        asked += 1
        if not loop.running:
            if main is not None:
                main.cancel()
            return
        if asked == 1:
            watcher.notice(
                f"stopping: {loop.progress.in_flight} trials may finish for {drain_s:g} s; once more to stop at once"
            )
        loop.interrupt("interrupted")

    caught: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM)
    try:
        for number in caught:
            running.add_signal_handler(number, stop)
    except (RuntimeError, ValueError):  # not in the main thread: the caller's signals are not ours to take
        caught = ()
    try:
        yield
    finally:
        for number in caught:
            running.remove_signal_handler(number)


async def _as_one(work: Awaitable[None]) -> None:
    """With one error for what ended several stages at once."""
    try:
        await work
    except BaseExceptionGroup as group:
        raise first_of(group) from None


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs a coroutine beside the block and cancels it at the block's end; what it raises meanwhile is raised there."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
