"""`runs export` and `policy export`: to a file, to a folder, to the Hub, or to stdout for the next program."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from loopwright.cli.rows import columns
from loopwright.cli.screen import Screen, as_json
from loopwright.errors import UsageError
from loopwright.loop.dataset import Published
from loopwright.policy import state
from loopwright.report.amounts import count
from loopwright.runs import hub, publish
from loopwright.runs.export import Form, Wanted, to_file, to_stream
from loopwright.runs.folder import RunFolder
from loopwright.runs.publish import Publication
from loopwright.runs.states import exported
from loopwright.store.export import replaced

FILES = columns("file >bytes =sha256")


@dataclass(frozen=True, slots=True)
class Exporting:
    """What was asked for on the command line: a table, or the dataset `as_` something, maybe `to` the Hub."""

    table: Wanted
    output: Path | None
    as_: Literal["hf", "chat", "prov"] | None
    to: Literal["hub"] | None
    repo: str | None
    public: bool
    dry_run: bool
    sets: Sequence[str]


def export(folder: RunFolder, asked: Exporting, screen: Screen) -> None:
    if asked.as_ is None and asked.to is None:
        export_run(folder, asked.table, asked.output, screen)
        return
    if asked.table != Wanted(form=asked.table.form):
        raise UsageError("--what and --accepted choose among tables; a dataset is what was accepted")
    if asked.to is not None and asked.as_ not in (None, "hf"):
        raise UsageError(f"--as {asked.as_} is for files; the Hub is sent the folder of --as hf")
    if asked.as_ == "prov":
        export_provenance(folder, asked.output, screen)
        return
    wanted = published(asked.as_ or "hf", asked.table.form, asked.sets)
    if asked.to is None:
        export_dataset(folder, wanted, asked.output, screen)
    else:
        export_to_hub(folder, wanted, repository(asked.repo, asked.public), asked.dry_run, screen)


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


def published(form: Published, sheet: Form, sets: Sequence[str]) -> publish.Wanted:
    if sheet == "csv":
        raise UsageError("a dataset is published as jsonl or parquet")
    return publish.Wanted(form, sheet, sets)


def export_dataset(folder: RunFolder, wanted: publish.Wanted, output: Path | None, screen: Screen) -> None:
    if output is None:
        raise UsageError("a dataset is published into a folder: name it with --output")
    found = publish.to_folder(folder, wanted, output)
    if screen.json:
        screen.data({"folder": str(output), **_told(found)})
        return
    screen.tell(f"{count(found.rows)} rows of {folder.name} published in {output}: {_splits(found)}")
    screen.tell(_version(found))


def export_provenance(folder: RunFolder, output: Path | None, screen: Screen) -> None:
    found = as_json(publish.provenance(folder))
    if output is None:
        screen.result(found)
        return
    with replaced(output) as out:
        out.write(found.encode() + b"\n")
    screen.tell(f"where the rows of {folder.name} come from is in {output}")


def repository(name: str | None, public: bool) -> hub.Repository:
    if name is None:
        raise UsageError("say which repository to upload to: --repo OWNER/NAME")
    return hub.named(name, public)


def export_to_hub(folder: RunFolder, wanted: publish.Wanted, repository: hub.Repository, dry_run: bool, screen: Screen) -> None:
    if dry_run:
        found, address = hub.planned(folder, wanted), repository.address(os.environ)
    else:
        found, address = hub.upload(folder, wanted, repository)
    if screen.json:
        screen.data({"sent": not dry_run, "address": address, "public": repository.public, **_told(found)})
        return
    screen.table(FILES, [(file.path, count(file.bytes), file.sha256) for file in found.files])
    screen.tell(_version(found))
    if not dry_run:
        screen.tell(f"{count(found.rows)} rows of {folder.name} are at {address}")
        return
    kind = "public" if repository.public else "private"
    screen.tell(f"nothing was sent; without --dry-run these files go to {address} ({kind}, where it is new)")
    if not os.environ.get(hub.TOKEN):
        screen.tell(f"there is no token in {hub.TOKEN} now")


def _told(found: Publication) -> dict[str, object]:
    told = {name: getattr(found, name) for name in ("form", "version", "parent", "rows", "splits", "left_out", "fields", "run")}
    return {**told, "files": [file._asdict() for file in found.files]}


def _splits(found: Publication) -> str:
    held = ", ".join(f"{name} {count(rows)}" for name, rows in found.splits.items())
    if not found.left_out:
        return held
    return f"{held}; none for {', '.join(found.left_out)}, since they come from one another, in fewer families than splits"


def _version(found: Publication) -> str:
    return f"version {found.version}, " + (f"after {found.parent}" if found.parent else "the first")


def export_policy(folders: Sequence[RunFolder], output: Path | None, own: bool, force: bool, screen: Screen) -> None:
    found = exported(folders, own)
    if output is None:
        screen.data(found.plain())
        return
    state.write(output, found, force)
    screen.tell(f"what {', '.join(folder.name for folder in folders)} learned in {count(found.trials)} trials is in {output}")
