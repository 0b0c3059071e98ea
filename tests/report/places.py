"""A folder in which real runs of the toy are made."""

from __future__ import annotations

from pathlib import Path

from loopwright.runs.folder import RunFolder
from loopwright.runs.live import Unwatched
from loopwright.runs.start import Start, start

SPEC = """\
workflow: toy
items: 300
arms: {narrow: 20, "<wide> & co": 2000}
policy: {epsilon_greedy: {epsilon: 0.2}}
window: 4
seed: 3
fail_every: 60
models:
  - {id: writer, provider: scripted, script: "answers:say", max_output_tokens: 20}
"""


class Place:
    """A folder in which runs of the toy are made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "toy.yaml").write_text(SPEC)
        (folder / "answers.py").write_text("def say(request): return request.messages[-1].content\n")

    def run(self, *sets: str, name: str | None = None) -> RunFolder:
        """However it ended."""
        file, sets = self.folder / "toy.yaml", (f"output={self.folder / 'runs'}", *sets)
        return start(Start(file, sets, name), Unwatched()).folder
