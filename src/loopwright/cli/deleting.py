"""`runs delete`: asks first."""

from __future__ import annotations

import sys

import typer

from loopwright.cli.screen import Screen
from loopwright.cli.text import line
from loopwright.errors import UsageError
from loopwright.report.amounts import count, usd
from loopwright.runs.delete import delete
from loopwright.runs.folder import RunFolder
from loopwright.runs.read import overview


def delete_run(folder: RunFolder, yes: bool, screen: Screen) -> None:
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("nobody is there to ask: add --yes to delete without asking")
        typer.confirm(line(_question(folder)), abort=True, err=True)
    left = delete(folder)
    screen.tell(f"deleted {folder.path}" if not left else f"deleted the run; left in {folder.path}: {', '.join(left)}")


def _question(folder: RunFolder) -> str:
    found = overview(folder)
    if found.status == "unreadable":
        return f"Delete {folder.path}, which cannot be read?"
    held = f"{count(found.counts.trials)} trials, {count(found.counts.samples)} samples and {found.spent.told(usd)} of calls"
    return f"Delete {folder.path} with {held}?"
