"""A folder with a spec, a dataset and a model that is a program, and the real commands run in it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from loopwright.cli import main
from loopwright.records import Decision, Reward
from loopwright.store.reader import RunReader

SCRIPT = '''
import json, re
from loopwright.errors import Rejected


def answer(request):
    """Doubles numbers: every third right at once. Words that speak of steps set it right, all others make it wrong."""
    question = request.messages[0].content
    number = int(re.search(r"twice (\\d+)", question)[1])
    if number == 13:
        raise Rejected("unlucky")
    if number == 14 and len(request.messages) > 1:
        raise Rejected("unlucky the second time")
    last = request.messages[-1].content
    right = number % 3 == 0 if len(request.messages) == 1 else "step" in last
    return f"Let me see.\\nAnswer: {2 * number if right else 2 * number + 1}"


def judge(request):
    said = request.messages[0].content
    right = int(re.search(r"twice (\\d+)", said)[1]) * 2 == int(re.search(r"Answer: (\\d+)", said)[1])
    return json.dumps({"reason": "I did the sum.", "score": 5 if right else 2})
'''
SPEC = """
workflow: correction
name: twice
dataset: {source: csv, path: twice.csv}
models: [{id: doubler, provider: scripted, script: "model:answer"}]
classifier: {path: rule}
window: 4
"""


class Ended(NamedTuple):
    code: int
    out: str
    err: str


class Desk:
    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture
        (folder / "model.py").write_text(SCRIPT)
        self.questions(range(1, 13))

    def questions(self, numbers: range, references: bool = True) -> None:
        lines = [f"n{n},What is twice {n}?,{2 * n if references else ''}" for n in numbers]
        (self.folder / "twice.csv").write_text("\n".join(["id,question,reference_answer", *lines, ""]))

    def call(self, *words: str) -> Ended:
        self._capture.readouterr()
        code = 0
        with contextlib.chdir(self.folder):
            try:
                main(words)
            except SystemExit as end:
                code = int(end.code or 0)
        return Ended(code, *self._capture.readouterr())

    def run(self, more: str = "", *words: str, spec: str = SPEC) -> Ended:
        (self.folder / "spec.yaml").write_text(spec + more)
        return self.call("run", "spec.yaml", "--quiet", *words)

    def check(self, more: str = "", spec: str = SPEC) -> Ended:
        (self.folder / "spec.yaml").write_text(spec + more)
        return self.call("check", "spec.yaml")

    @property
    def place(self) -> Path:
        """The folder of the last run."""
        return max((self.folder / "runs").iterdir(), key=lambda each: (each / "run.sqlite").stat().st_ctime_ns)

    def lines(self, pattern: str) -> list[dict[str, Any]]:
        (file,) = self.place.glob(pattern)
        return [json.loads(line) for line in file.read_text().splitlines()]

    def summary(self) -> dict[str, Any]:
        (file,) = self.place.glob("summary_*.json")
        told: dict[str, Any] = json.loads(file.read_text())
        return told

    def decided(self) -> Iterator[tuple[Decision, Reward | None]]:
        """Each decision with what it earned."""
        with RunReader.open(self.place / "run.sqlite") as reader:
            earned = {reward.decision: reward for reward in reader.rewards(limit=100_000).rows}
            for decision in reader.decisions(limit=100_000).rows:
                yield decision, earned.get(decision.id)


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)
