"""Over HTTP, from a server that misbehaves: the rows are those that a sound server would have given."""

from __future__ import annotations

import json

import pytest
from tests.workflows.datagen.conftest import TASK, Desk, served
from tests.workflows.datagen.test_models import SCRIPT, SLOTS

FAULTS = ("429-seconds:0.03", "500:0.03", "truncated:0.02", "reset:0.02")


@pytest.mark.slow
def test_faults_change_nothing(desk: Desk) -> None:
    (desk.folder / "script.py").write_text(SCRIPT)
    rows = []
    for faults in ((), FAULTS):
        with served(desk, "scripted:script.py:good", *faults) as url:
            limits = "limits: {concurrency: 16, retries: 8}"
            model = f"models:\n  - {{id: writer, provider: openai, model: practice, base_url: '{url}', {limits}}}\n"
            ended = desk.run(f"{TASK}{SLOTS}\n{model}\ntarget: {{accepted: 150}}", "--fresh", "--json")
            assert ended.code == 0, ended.out + ended.err
            told = json.loads(ended.out.splitlines()[-1])
            rows.append((desk.folder / told["folder"] / "dataset.jsonl").read_text().splitlines())
    sound, faulty = ([json.loads(row) for row in some] for some in rows)
    assert [row["data"] for row in faulty] == [row["data"] for row in sound]
    assert len(sound) == 150
