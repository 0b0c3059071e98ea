"""`runs export` and `policy export`: to a file, or to stdout for the next program."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from loopwright.cli.screen import Screen
from loopwright.errors import UsageError
from loopwright.policy import state
from loopwright.report.amounts import count
from loopwright.runs.export import Wanted, to_file, to_stream
from loopwright.runs.folder import RunFolder
from loopwright.runs.states import exported


def export_run(folder: RunFolder, wanted: Wanted, output: Path | None, screen: Screen) -> None:
    if output is not None:
        rows = to_file(folder, wanted, output)
        screen.tell(f"{count(rows)} {wanted.what} of {folder.name} written to {output}")
    elif not screen.out.isatty():
        with screen.as_it_is() as stream:
            to_stream(folder, wanted, stream)
    elif wanted.form == "parquet":
        raise UsageError("Parquet is not for terminals: give a file with --output")
    else:
        shown = BytesIO()
        to_stream(folder, wanted, shown)
        screen.result(shown.getvalue().decode().rstrip("\n"))


def export_policy(folders: Sequence[RunFolder], output: Path | None, own: bool, force: bool, screen: Screen) -> None:
    found = exported(folders, own)
    if output is None:
        screen.data(found.plain())
        return
    state.write(output, found, force)
    screen.tell(f"what {', '.join(folder.name for folder in folders)} learned in {count(found.trials)} trials is in {output}")
