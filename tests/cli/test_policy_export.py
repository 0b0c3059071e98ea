"""`policy export`: what was learned goes from run to run through a file, and of several runs it is the exact sum."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

# The fixture of the neighbouring conftest, by its shape.
Here = Any

SPEC = "items: 60\nsteps: 1\nlate: 0\nwindow: 4\n"
POLICIES: list[Any] = [
    {"epsilon_greedy": {"epsilon": 0.1}},
    {"discounted": {"by": 0.95, "policy": "thompson"}},
    {"windowed": {"last": 20, "policy": {"ucb1": 0.5}}},
]


@pytest.fixture
def runs(here: Here) -> Here:
    for seed in (1, 2):
        here.spec(f"run{seed}.yaml", f"{SPEC}seed: {seed}\npolicy: {{epsilon_greedy: 0.1}}\n")
        assert here.call("run", f"run{seed}.yaml", "--quiet").code == 0
    return here


def state(here: Here, *words: str) -> Any:
    ended = here.call("policy", "export", *words)
    assert ended.code == 0, ended.err
    return orjson.loads(ended.out)


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_what_is_exported_is_what_a_warm_start_accepts_and_passes_on(here: Here, policy: Any) -> None:
    here.spec("first.yaml", f"{SPEC}policy: {orjson.dumps(policy).decode()}\n")
    here.call("run", "first.yaml")
    ended = here.call("policy", "export", "first", "-o", "state.json")
    assert (ended.code, ended.out) == (0, "")
    assert "60 trials is in state.json" in ended.err
    assert orjson.loads((here.folder / "state.json").read_bytes()) == state(here, "first")
    warm = {"warm_start": {"state": "state.json", "policy": policy}}
    here.spec("second.yaml", f"{SPEC}seed: 1\npolicy: {orjson.dumps(warm).decode()}\n")
    assert here.call("run", "second.yaml").code == 0
    passed_on = state(here, "second")
    assert (passed_on["policy"], passed_on["trials"]) == (policy, 120)
    assert state(here, "second", "--own")["trials"] == 60


def test_several_runs_are_their_exact_sum_in_any_order(runs: Here) -> None:
    one, two = state(runs, "run1")["memory"], state(runs, "run2")["memory"]
    both = state(runs, "run1", "run2")
    assert both == state(runs, "run2", "run1")
    assert both["trials"] == 120
    for place in {*one, *two}:
        for arm in ("narrow", "wide"):
            parts = [part[place][arm] for part in (one, two) if arm in part.get(place, {})]
            assert both["memory"][place].get(arm) == ([sum(column) for column in zip(*parts, strict=True)] if parts else None)


def test_what_a_run_was_begun_with_is_not_counted_twice(runs: Here) -> None:
    runs.call("policy", "export", "run1", "-o", "state.json")
    runs.spec("warm.yaml", f"{SPEC}seed: 3\npolicy: {{warm_start: {{state: state.json, policy: {{epsilon_greedy: 0.1}}}}}}\n")
    runs.call("run", "warm.yaml")
    ended = runs.call("policy", "export", "run1", "warm")
    assert ended.code == 2
    assert "--own" in ended.err
    assert state(runs, "run1", "warm", "--own")["memory"] == state(runs, "warm")["memory"]


@pytest.mark.slow
def test_what_cannot_be_put_together_is_refused(runs: Here) -> None:
    runs.spec("arms.yaml", f"{SPEC}arms: {{narrow: 10, other: 9}}\npolicy: {{epsilon_greedy: 0.1}}\n")
    runs.spec("policy.yaml", f"{SPEC}policy: thompson\n")
    runs.spec("none.yaml", "items: 5\ncrash_at: 0\n")
    for name in ("arms", "policy", "none"):
        runs.call("run", f"{name}.yaml")
    for words, says in ((("run1", "arms"), "only one of the two has: other, wide"), (("run1", "policy"), "thompson")):
        ended = runs.call("policy", "export", *words)
        assert (ended.code, ended.out) == (2, "")
        assert says in ended.err
    assert "taken no decisions" in runs.call("policy", "export", "none").err


def test_a_file_is_replaced_only_when_asked_for(runs: Here) -> None:
    file = runs.folder / "state.json"
    file.write_text("mine")
    refused = runs.call("policy", "export", "run1", "-o", "state.json")
    assert (refused.code, file.read_text()) == (2, "mine")
    assert "there already" in refused.err
    assert runs.call("policy", "export", "run1", "-o", "state.json", "--force").code == 0
    assert orjson.loads(file.read_bytes())["trials"] == 60
    assert "cannot be written" in runs.call("policy", "export", "run1", "-o", "nowhere/state.json").err
