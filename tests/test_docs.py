"""The docs cannot lie: every example runs, every command and option is documented, every link leads somewhere.

A page runs top to bottom in one folder, beside a copy of examples/. `<!-- file: toy.yaml -->` before a block writes it
there. A ```console block holds commands after `$ ` and what they print, where `...` stands for anything. Each ```python
block stands alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML
from typer.main import get_command

from loopwright.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
RUN = {"bash", "sh", "console", "python"}
READ = {"yaml", "json", "toml", "text", "html", "mermaid"}
ELSEWHERE = {
    "`make test` does this first": "the Makefile's environments are made this way before any test runs",
    "this is the command that runs this page": "no test may start the whole suite again",
    "needs a key and the network": "the tests have neither",
}
NOTE = r"(?:^<!-- (?P<verb>file|not run): (?P<note>[^\n]+?) -->\n+)?"
FENCE = re.compile(NOTE + r"^(?P<fence>```+)(?P<language>[^\n]*)\n(?P<text>.*?)^(?P=fence)$", re.M | re.S)


class Block(NamedTuple):
    line: int
    language: str
    text: str
    verb: str | None
    note: str


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start("fence")) + 1
        yield Block(line, match["language"].strip(), match["text"], match["verb"], match["note"] or "")


def run(arguments: list[str], folder: Path) -> str:
    """What it printed. A failure shows it; what it left running is ended."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONWARNINGS": "error", "NO_COLOR": "1", "COLUMNS": "100"}
    process = subprocess.Popen(
        arguments,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=120)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, f"{arguments[-1]}\nended with {process.returncode} and printed\n{printed}"
    return printed


def session(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with what it is said to print."""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, _, printed = re.sub(r"\\\n> ", "", part).partition("\n")
        yield command, printed


def agrees(said: str, printed: str) -> bool:
    """Line ends apart; `...` stands for anything, also for whole lines."""
    tidy = ["\n".join(line.rstrip() for line in text.strip().splitlines()) for text in (said, printed)]
    return re.fullmatch(".*".join(map(re.escape, tidy[0].split("..."))), tidy[1], re.S) is not None


def execute(block: Block, folder: Path) -> None:
    if block.verb == "file":
        (folder / block.note).parent.mkdir(parents=True, exist_ok=True)
        (folder / block.note).write_text(block.text)
    elif block.language == "python":
        run([sys.executable, "-c", block.text], folder)
    elif block.language == "console":
        for command, said in session(block.text):
            printed = run(["bash", "-eu", "-c", command], folder)
            assert agrees(said, printed), f"{command}\nis said to print\n{said}\nand prints\n{printed}"
    elif block.language in RUN:
        run(["bash", "-eu", "-c", block.text], folder)
    elif block.language == "yaml":
        list(YAML(typ="safe").load_all(block.text))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_example_runs(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for block in blocks(page):
        if block.verb != "not run":
            try:
                execute(block, tmp_path)
            except Exception as error:
                error.add_note(f"at {page.name}:{block.line}")
                raise


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_says_what_it_is(page: Path) -> None:
    """Nothing escapes the tests by a fence that they do not know or by a reason that nobody agreed to."""
    found = list(blocks(page))
    fences = re.findall(r"^\s*(?:```|~~~)", page.read_text(), re.M)
    assert len(fences) == 2 * len(found), "a fence is indented, open, or not made of ```"
    for block in found:
        assert block.language in RUN | READ, f"line {block.line}: the language {block.language!r} is not known here"
        assert block.verb != "not run" or block.note in ELSEWHERE, f"line {block.line}: no such reason: {block.note}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!\w+:)([^)#\s]+)", page.read_text())
    assert not [link for link in links if not (page.parent / link).exists()]


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text()
    assert not [
        page.name for page in PAGES if page.parent.name == "docs" and page.name != "README.md" and page.name not in index
    ]


@pytest.mark.parametrize(
    ("said", "printed", "same"),
    [
        ("a\nb\n", "a  \nb\n\n", True),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("took ... s", "took 1.5 s", True),
        ("a", "ab", False),
        ("a...c", "ab", False),
    ],
)
def test_console_blocks_are_compared_as_they_say(said: str, printed: str, same: bool) -> None:
    assert agrees(said, printed) is same


def test_an_example_that_fails_is_found(tmp_path: Path) -> None:
    for block in (Block(1, "bash", "false; true", None, ""), Block(1, "console", "$ echo a\nb\n", None, "")):
        with pytest.raises(AssertionError):
            execute(block, tmp_path)


class Command(NamedTuple):
    name: str
    options: set[str]
    is_group: bool


def commands(command: Any, name: str = "loopwright") -> Iterator[Command]:
    """Every command that the program shows, with its options."""
    words = getattr(command, "commands", {})
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    yield Command(name, {option for option in options if option.startswith("--")}, bool(words))
    for word, inner in words.items():
        if not inner.hidden:
            yield from commands(inner, f"{name} {word}")


def sections(text: str) -> dict[str, str]:
    """The page by the command that each heading names, as in "## `loopwright run SPEC`"."""
    parts = re.split(r"^#+ `?(loopwright[a-z -]*).*$", text, flags=re.M)
    return {name.strip(): told for name, told in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.fixture(scope="module")
def program() -> list[Command]:
    return list(commands(get_command(app)))


def test_every_command_and_option_is_documented(program: list[Command]) -> None:
    page = sections((ROOT / "docs/cli.md").read_text())
    assert set(page) <= {command.name for command in program}, "a heading names a command that is not there"
    for name, options, is_group in program:
        told = page.get(name, "")
        assert told or is_group, f"nothing is said of {name}"
        common = {"--help", "--install-completion", "--show-completion"} if is_group else {"--help"}
        missing = {option for option in options - common if not re.search(rf"(?<![\w-]){option}(?![\w-])", told)}
        assert not missing, f"{name}: {missing}"


def test_the_command_page_names_no_option_that_is_not_there(program: list[Command]) -> None:
    named = set(re.findall(r"(?<=`)--[a-z-]+", (ROOT / "docs/cli.md").read_text()))
    assert named <= {"--help"}.union(*(command.options for command in program))
