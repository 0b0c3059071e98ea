"""Over HTTP, from a server that misbehaves: the rows are those that a sound server would have given."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.workflows.datagen.conftest import PROGRAM, TASK, Desk
from tests.workflows.datagen.test_models import SCRIPT, SLOTS

FAULTS = ("429-seconds:0.03", "500:0.03", "truncated:0.02", "reset:0.02")


@contextmanager
def served(desk: Desk, *faults: str) -> Iterator[str]:
    words = [*PROGRAM, "models", "serve", "--model", "scripted:script.py:good", "--port", "0", "--name", "practice"]
    for fault in faults:
        words += ["--fault", fault]
    process = subprocess.Popen(words, cwd=desk.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
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


@pytest.mark.slow
def test_faults_change_nothing(desk: Desk) -> None:
    (desk.folder / "script.py").write_text(SCRIPT)
    rows = []
    for faults in ((), FAULTS):
        with served(desk, *faults) as url:
            limits = "limits: {concurrency: 16, retries: 8}"
            model = f"models:\n  - {{id: writer, provider: openai, model: practice, base_url: '{url}', {limits}}}\n"
            ended = desk.run(f"{TASK}{SLOTS}\n{model}\ntarget: {{accepted: 150}}", "--fresh", "--json")
            assert ended.code == 0, ended.out + ended.err
            told = json.loads(ended.out.splitlines()[-1])
            rows.append((desk.folder / told["folder"] / "dataset.jsonl").read_text().splitlines())
    sound, faulty = ([json.loads(row) for row in some] for some in rows)
    assert [row["data"] for row in faulty] == [row["data"] for row in sound]
    assert len(sound) == 150
