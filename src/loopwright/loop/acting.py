"""Runs the act of one trial to an outcome: a failure of the trial is data, anything worse is raised."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

from loopwright.errors import DeadlinePassed, RunStopped, TrialError
from loopwright.llm.models import Scope
from loopwright.loop.chooser import Chooser
from loopwright.loop.trial import Trial
from loopwright.loop.work import Outcome, Work
from loopwright.records import Failure
from loopwright.store.writer import RunStore


class Acted(NamedTuple):
    """A trial that has acted and waits for its turn to settle."""

    trial: Trial
    chooser: Chooser
    outcome: Outcome
    started: float


class Acting:
    """What the acts of a run have in common."""

    def __init__(self, work: Work[Any], store: RunStore, deadline_s: float | None) -> None:
        self._work = work
        self._store = store
        self._deadline_s = deadline_s

    async def run(self, trial: Trial, seen: Any, chooser: Chooser, scope: Scope) -> Acted:
        """Acts once. Whatever the act left running asks no model any more."""
        started = time.time()
        try:
            with closing(scope):
                if self._deadline_s is None:
                    outcome = await self._work.act(trial, seen, chooser)
                else:
                    outcome = await self._in_time(trial, seen, chooser, self._deadline_s)
        except TrialError as error:
            outcome = _failed(error)
        except BaseExceptionGroup as group:
            outcome = _failed(first_of(group))
        return Acted(trial, chooser, outcome, started)

    async def _in_time(self, trial: Trial, seen: Any, chooser: Chooser, deadline_s: float) -> Outcome:
        """A deadline depends on the clock, so that it was hit is stored before anything follows from it."""
        cut = self._store.cut(trial.number)
        if cut is None:
            try:
                async with asyncio.timeout(deadline_s) as deadline:
                    return await self._work.act(trial, seen, chooser)
            except TimeoutError:
                if not deadline.expired():
                    raise
            await self._store.keep_cut(trial.number, trial.decisions)
        else:
            trial.decisions = cut
            trial.step = len(cut) - 1
        chooser.rewards.clear()
        raise DeadlinePassed(f"the trial was not done after {deadline_s:g} s")


def _failed(error: BaseException) -> Outcome:
    """A trial's own failure is data; anything else is raised on."""
    if not isinstance(error, TrialError):
        raise error
    return Outcome(failure=Failure(error.kind, str(error)))


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What a group of errors comes to: what stops the run, else a bug, else the first failure."""
    errors = list(_flat(group))
    stops = [error for error in errors if isinstance(error, RunStopped)]
    bugs = [error for error in errors if not isinstance(error, TrialError)]
    return (stops or bugs or errors)[0]


def _flat(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _flat(error)
        else:
            yield error
