"""Recipes in a folder of their own, and the real program run on them."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from loopwright.cli import main

PROGRAM = [sys.executable, "-m", "loopwright"]

GRAMMAR = """
grammar:
  start: row
  rules:
    row: [{template: '{"text": "<message>", "label": "<label>"}'}]
    label: [refund, delivery, account]
    message:
      - {template: "<greeting>, <ask> about my <label> <thing>", weight: 0.6}
      - {template: "<ask> about the <label> of order <digit><digit><digit><digit>, <thanks>", weight: 0.4}
    ask: [a question, I need help, could you tell me more, somebody should look]
    thing: [for the <item>, "that I asked for <when>", "and the <item> <when>"]
    item: [shoes, lamp, red jacket, kettle, phone case, garden chair]
    when: [yesterday, last week, on Monday, two days ago]
    greeting: [hi, hello there, good morning]
    thanks: [thanks, many thanks, please hurry]
    digit: [1, 2, 3, 4, 5, 6, 7, 8, 9]
  row_values: [label]
"""
TASK = """
task:
  description: Short messages that customers of an online shop write to support.
  labels: {refund: 0.3, delivery: 0.4, account: 0.3}
"""
FREE = f"{TASK}{GRAMMAR}\nvalidators:\n  length: {{field: text, max_words: 40}}\n  deduplication: {{field: text, near: 0.95}}\n"


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@contextlib.contextmanager
def _written(to: BytesIO) -> Iterator[TextIOWrapper]:
    stream = TextIOWrapper(to, "utf-8", write_through=True)
    yield stream
    stream.detach()


class Desk:
    """A folder with recipes, and what comes of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, text: str, name: str = "recipe.yaml") -> str:
        (self.folder / name).write_text(f"workflow: datagen\nname: desk\n{text}")
        return name

    def call(self, *words: str) -> Ended:
        out, err, hook = BytesIO(), BytesIO(), sys.excepthook
        code = 0
        with (
            contextlib.chdir(self.folder),
            _written(out) as results,
            _written(err) as notices,
            contextlib.redirect_stdout(results),
            contextlib.redirect_stderr(notices),
        ):
            try:
                main(words)
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                sys.excepthook = hook
        return Ended(code, out.getvalue().decode(), err.getvalue().decode())

    def check(self, text: str) -> Ended:
        return self.call("check", self.write(text))

    def run(self, text: str, *words: str) -> Ended:
        return self.call("run", self.write(text), "--quiet", *words)

    def runs(self) -> list[Path]:
        return sorted((self.folder / "runs").glob("*/run.sqlite"))

    @property
    def place(self) -> Path:
        """The folder of the only run."""
        (store,) = self.runs()
        return store.parent

    def rows(self, name: str = "dataset.jsonl", place: Path | None = None) -> list[dict[str, Any]]:
        return [json.loads(line) for line in ((place or self.place) / name).read_text().splitlines()]

    def about(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.place / "about.json").read_text())
        return told


@contextlib.contextmanager
def served(desk: Desk, model: str, *faults: str) -> Iterator[str]:
    """A model behind the practice server in a process of its own; its address."""
    words = [*PROGRAM, "models", "serve", "--model", model, "--port", "0", "--name", "practice"]
    for fault in faults:
        words += ["--fault", fault]
    process = subprocess.Popen(words, cwd=desk.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+/v1", line)
            if found:
                yield found[0]
                return
        raise AssertionError("the server did not start")
    finally:
        process.terminate()
        process.communicate()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
