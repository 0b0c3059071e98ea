"""`report`: a run as one page of HTML."""

from __future__ import annotations

from pathlib import Path

from loopwright.cli.screen import Screen
from loopwright.report.run import report
from loopwright.runs.folder import RunFolder


def report_run(folder: RunFolder, output: Path | None, screen: Screen) -> None:
    file = output or folder.report
    folder.write(file, report(folder).encode())
    screen.result(str(file))
