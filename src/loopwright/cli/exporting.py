"""`runs export`: to a file, or to stdout for the next program."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from loopwright.cli.screen import Screen
from loopwright.errors import UsageError
from loopwright.report.amounts import count
from loopwright.runs.export import Wanted, to_file, to_stream
from loopwright.runs.folder import RunFolder


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
