"""A second run of a domain starts from what the first one learned, and its report says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.workflows.datagen.conftest import TASK, Desk
from tests.workflows.datagen.test_models import SCRIPT, model

from loopwright.runs.folder import RunFolder
from loopwright.store.reader import RunReader

RECIPE = f"""{TASK}
memory: desk
models:
{model("good")}{model("chatty", "chatter")}
arms:
  - {{id: bad, kind: naive, model: chatter, params: {{plan: 0}}}}
  - {{id: good, kind: naive, params: {{plan: 0}}}}
policy: {{epsilon_greedy: {{epsilon: 0}}}}
target: {{accepted: 60}}
"""


@pytest.fixture
def desk(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("LOOPWRIGHT_HOME", str(tmp_path / "home"))
    (desk.folder / "script.py").write_text(SCRIPT)
    return desk


def taken(run: RunFolder) -> list[str]:
    with RunReader.open(run.store) as reader:
        return [decision.arm for decision in reader.decisions(limit=1000).rows]


@pytest.mark.slow
def test_a_second_run_starts_from_what_the_first_learned_and_says_so(desk: Desk) -> None:
    assert desk.run(RECIPE).code == 0
    assert desk.run(RECIPE, "--set", "seed=1", "--name", "second").code == 0
    first, second = (RunFolder(store.parent) for store in desk.runs())
    assert "bad" in taken(first), "nobody had told it"
    assert set(taken(second)) == {"good"}
    assert "with what an earlier run of desk learned" in desk.call("runs", "show", second.name).out
    pages = [
        desk.call("report", run.name, "-o", "page.html") and (desk.folder / "page.html").read_text() for run in (first, second)
    ]
    assert "It is the first run of the domain desk, and began with nothing." in pages[0]
    assert f"It began with what an earlier run of the domain desk learned in {len(taken(first))} trials." in pages[1]


def test_a_policy_may_name_the_domain_but_not_beside_another(desk: Desk) -> None:
    named = RECIPE.replace("memory: desk\n", "").replace("{epsilon: 0}}", "{epsilon: 0}, memory: desk}")
    assert (desk.check(named).code, desk.check(RECIPE).out) == (0, desk.check(named).out), "the same spec, with the same digest"
    alone = desk.check(named.replace("{epsilon_greedy: {epsilon: 0}, memory: desk}", "{memory: desk}"))
    assert alone.code == 0, alone.err
    ended = desk.check(RECIPE.replace("{epsilon_greedy: {epsilon: 0}}", "{memory: shop}"))
    assert ended.code == 2
    assert "names a domain, and so does the spec" in ended.err
