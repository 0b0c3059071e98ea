"""`run` and `runs resume`: shows a run to its end, says what it came to and how to go on with it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from loopwright.cli.glance import caps
from loopwright.cli.rows import number
from loopwright.cli.screen import Column, Screen
from loopwright.cli.traces import trace
from loopwright.cli.watching import Lines, Silent
from loopwright.errors import BudgetReached, Interrupted
from loopwright.report.amounts import count, share, usd
from loopwright.runs.caveats import caveats
from loopwright.runs.ended import glance
from loopwright.runs.read import part
from loopwright.runs.start import Result, Start, resume, start
from loopwright.store.summary import Total

if TYPE_CHECKING:
    from loopwright.loop.progress import ArmProgress
    from loopwright.runs.folder import RunFolder

_KINDS = 3
"""Of failures, that are told when a run has ended; `runs show` tells all."""
_A_LITTLE = {"calls": 10, "tokens": 10_000, "usd": 10**9}


def policy_setting(given: str) -> str:
    """What `--set` takes for a policy that is given as `KIND`, `KIND:ARGUMENT` or a mapping."""
    kind, colon, argument = given.partition(":")
    return f"policy={{{kind}: {argument}}}" if colon and not kind.lstrip().startswith("{") else f"policy={given}"


def run_spec(request: Start, screen: Screen) -> int:
    """Runs it and returns the exit code."""
    return _to_its_end(screen, lambda shows: start(request, shows))


def resume_run(folder: RunFolder, sets: Sequence[str], screen: Screen) -> int:
    """Goes on with it and returns the exit code."""
    return _to_its_end(screen, lambda shows: resume(folder, sets, shows))


def _to_its_end(screen: Screen, life: Callable[[Silent], Result]) -> int:
    shows = watcher(screen)
    try:
        result = life(shows)
    except Exception as error:
        if shows.folder is not None:
            error.add_note(_broken_off(shows.folder, screen, "failed", str(error), getattr(error, "exit_code", 1)))
        raise
    except KeyboardInterrupt:  # not the loop's, which takes it for itself: it came while files were written
        if shows.folder is not None:
            screen.error(_broken_off(shows.folder, screen, "interrupted", "interrupted", Interrupted.exit_code))
        raise
    if screen.json:
        screen.data({"event": "end", **_fields(result)})
    else:
        _summarise(result, screen)
    if result.end.status == "crashed" and result.end.error is not None:
        screen.error(trace(result.end.error))
    if result.end.status != "done":
        screen.error(how_to_go_on(_command(result.folder, _higher(result))))
    return result.exit_code


def watcher(screen: Screen) -> Silent:
    """The one that fits where the words go."""
    if screen.json:
        return Lines(screen)
    if screen.quiet:
        return Silent(screen)
    if not screen.live():
        return Lines(screen)
    from loopwright.cli.display import Display

    return Display(screen)


def _broken_off(folder: RunFolder, screen: Screen, status: str, reason: str, code: int) -> str:
    """How to go on: a run that had begun can, whatever it was that ended it."""
    command = _command(folder)
    if screen.json:
        screen.data({"event": "end", "status": status, "reason": reason, "exit_code": code, "resume": command})
    return how_to_go_on(command)


def _summarise(result: Result, screen: Screen) -> None:
    progress, total = result.progress, result.spending.total
    status, reason = result.end.status, result.end.reason
    screen.result(status if reason == status else f"{status}: {reason}")
    if result.missed is not None:
        screen.result(f"missed: {result.missed}")
    before = f" ({count(progress.resumed_at)} of them earlier)" if progress.resumed_at else ""
    screen.result(f"trials   {count(progress.settled)}{before}, {count(progress.failed)} failed")
    for each in part(result.folder, "failures", _KINDS) if progress.failed else ():
        screen.result(f"failed   {count(each.trials)}: {each.kind}: {each.example}")
    passed = share(progress.accepted, progress.samples)
    screen.result(f"samples  {count(progress.samples)}, {count(progress.accepted)} accepted ({passed})")
    if total.calls:
        spent = Total(total.nano_usd, total.unknown_calls).told(usd)
        tokens = f"{count(total.input_tokens)} tokens in, {Total(total.output_tokens, total.uncounted).told()} out"
        screen.result(f"calls    {count(total.calls)} now, {tokens}, {spent}")
    for cap in caps(result.spending):
        screen.result(f"budget   {cap.label} {cap.amounts}")
    for note in caveats(result.folder):
        screen.result(f"note     {note}")
    for label, fact in () if (own := glance(result.folder)) is None else own.lines:
        screen.result(f"{label:<8} {fact}")
    screen.result(f"folder   {result.folder.path}")
    for file in result.files:
        screen.result(f"wrote    {file}")
    if progress.arms:
        screen.result("")
        _arms(progress.arms, screen)
    for warning in progress.warnings:
        screen.error(f"warning: {warning}")


def _arms(arms: Mapping[str, ArmProgress], screen: Screen) -> None:
    """What each earned, in the workflow's unit too where that is another."""
    names, all_of_them = zip(*sorted(arms.items()), strict=True)
    table = {
        Column("arm"): names,
        Column("pulls", right=True): [count(arm.pulls) for arm in all_of_them],
        Column("mean reward", right=True): [number(arm.mean) for arm in all_of_them],
    }
    if any(arm.mean != arm.mean_raw for arm in all_of_them):
        table[Column("unscaled", right=True)] = [number(arm.mean_raw) for arm in all_of_them]
    if any(arm.off for arm in all_of_them):
        table[Column("switched off")] = [arm.off or "" for arm in all_of_them]
    screen.table([*table], [*zip(*table.values(), strict=True)])


def _fields(result: Result) -> dict[str, object]:
    progress, spending = result.progress, result.spending
    total = spending.total
    return {
        "run": result.folder.name,
        "folder": str(result.folder.path),
        "status": result.end.status,
        "reason": result.end.reason,
        "missed": result.missed,
        "exit_code": result.exit_code,
        "files": [str(file) for file in result.files],
        "trials": progress.settled,
        "failed": progress.failed,
        "samples": progress.samples,
        "accepted": progress.accepted,
        "warnings": progress.warnings,
        "caveats": list(caveats(result.folder)),
        "arms": {
            name: {
                "pulls": arm.pulls,
                "rewards": arm.rewards,
                "mean": arm.mean,
                "mean_raw": arm.mean_raw,
                "switched_off": arm.off,
            }
            for name, arm in progress.arms.items()
        },
        "calls": total.calls,
        "input_tokens": total.input_tokens,
        "output_tokens": Total(total.output_tokens, total.uncounted).exact,
        "nano_usd": Total(total.nano_usd, total.unknown_calls).exact,
        "caps": [{"unit": cap.unit, "model": cap.model, "spent": cap.spent, "limit": cap.limit} for cap in caps(spending)],
        "resume": None if result.end.status == "done" else _command(result.folder, _higher(result)),
    }


def _higher(result: Result) -> str | None:
    """The cap that ended the run, as `--set` takes it: doubled, and above what is spent and what the next call may take. From
    nothing it goes to a little."""
    error = result.end.error
    if not isinstance(error, BudgetReached):
        return None
    for cap in caps(result.spending):
        if cap.place == error.cap:
            limit = max(2 * max(cap.limit, cap.spent, error.call), 0 if cap.limit else _A_LITTLE[cap.unit])
            return f"{error.cap}={limit / 1e9:g}" if cap.unit == "usd" else f"{error.cap}={limit}"
    return None


def how_to_go_on(command: str) -> str:
    return f"To go on from here:\n  {command}"


def _command(folder: RunFolder, higher: str | None = None) -> str:
    return shlex.join(["loopwright", "runs", "resume", str(folder.path), *(("--set", higher) if higher else ())])
