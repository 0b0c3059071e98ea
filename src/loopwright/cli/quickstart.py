"""`quickstart`: a dataset and its report from a recipe to keep, and six lines that say what happened and what to type next."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import chdir
from pathlib import Path
from time import monotonic
from typing import Any

from loopwright.cli.running import how_to_go_on, watcher
from loopwright.cli.screen import Screen
from loopwright.loop.progress import ArmProgress
from loopwright.report.amounts import count
from loopwright.report.run import report
from loopwright.runs.start import Result, Start, start
from loopwright.runs.starter import RECIPE, lay_out

FOLDER = Path("loopwright-quickstart")
_REPORT = Path("report.html")
_DATA = Path("data")


def quickstart(folder: Path, screen: Screen) -> int:
    """Makes it, or goes on with it, and returns the exit code."""
    began = monotonic()
    screen.tell(f"{'goes on in' if lay_out(folder) else 'wrote a recipe and seeds into'} {folder}")
    shows = watcher(screen)
    again = how_to_go_on(shlex.join(["loopwright", "quickstart", *(() if folder == FOLDER else (str(folder),))]))
    try:
        with chdir(folder):
            result = start(Start(Path(RECIPE)), shows)
            done = result.end.status == "done"
            if done:
                result.folder.write(_REPORT.absolute(), report(result.folder).encode())
    except Exception as error:
        error.add_note(again)
        raise
    except KeyboardInterrupt:
        screen.error(again)
        raise
    if not done or result.missed:
        screen.result(f"{result.end.status}: {result.missed or result.end.reason}")
        screen.error(again)
        return result.exit_code
    earlier = result.progress.resumed_at == result.progress.settled
    for word, said in _six_lines(result, folder, "made earlier" if earlier else f"in {monotonic() - began:.0f} s"):
        screen.result(f"{word:<9} {said}")
    return result.exit_code


def _six_lines(result: Result, folder: Path, when: str) -> Iterator[tuple[str, str]]:
    progress = result.progress
    about: dict[str, Any] = json.loads((folder / _DATA / "about.json").read_text())
    shares = [f"{label} {each['share']:.1%} (wanted {each['wanted']:.1%})" for label, each in about["labels"].items()]
    yield "made", f"{count(about['rows'])} messages to a support desk, {when}, by a grammar and the small embedded model tiny"
    yield "labels", ", ".join(shares)
    yield "rejected", f"{count(progress.samples - progress.accepted)} of {count(progress.samples)}: {_reasons(folder)}"
    yield "learned", _learned(progress.arms)
    yield "look at", f"{folder / _REPORT} and {folder / _DATA / 'dataset.csv'}"
    yield "next", f"cd {shlex.quote(str(folder))}, edit {RECIPE}, loopwright run {RECIPE}"


def _reasons(folder: Path) -> str:
    """What the rows were rejected for, the most frequent first."""
    found: dict[str, int] = {}
    with (folder / _DATA / "rejects.jsonl").open() as rows:
        for row in rows:
            by = json.loads(row)["rejected_by"]
            found[by] = found.get(by, 0) + 1
    return ", ".join(f"{by} {count(found[by])}" for by in sorted(found, key=lambda by: -found[by])) or "nothing"


def _learned(arms: Mapping[str, ArmProgress]) -> str:
    """What the arm that was taken most earned, beside the one that earned least."""
    most = max(arms, key=lambda name: arms[name].pulls)
    least = min(arms, key=lambda name: arms[name].mean or 0.0)
    batches = count(sum(arm.pulls for arm in arms.values()))
    earned = {name: f"{arm.mean or 0.0:.2f}" for name, arm in arms.items()}
    return (
        f"{most} earns {earned[most]} a batch (at most 1) and wrote {count(arms[most].pulls)} of {batches}; "
        f"{least} earns {earned[least]} and wrote {count(arms[least].pulls)}"
    )
