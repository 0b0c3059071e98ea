"""`report`: a run as one page of HTML."""

from __future__ import annotations

from pathlib import Path

from loopwright.cli.screen import Screen
from loopwright.report.run import report
from loopwright.runs.folder import RunFolder
from loopwright.runs.read import whole
from loopwright.runs.series import course_of

LAST = 25


def report_run(folder: RunFolder, output: Path | None, screen: Screen) -> None:
    page = report(whole(folder), course_of(folder, LAST))
    file = output or folder.report
    folder.write(file, page.encode())
    screen.result(str(file))
