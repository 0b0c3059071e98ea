"""What is found wrong with a spec before it runs, all of it at once, and what is only warned of."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopwright.errors import SpecError
from loopwright.runs.check import check


def spec(folder: Path, text: str) -> Path:
    file = folder / "toy.yaml"
    file.write_text(f"workflow: toy\n{text}")
    return file


def test_rooms_report_their_problems_together_with_lines(tmp_path: Path) -> None:
    text = """\
executor: ray
policy: {epsilon_greedy: {epsilon: 3}}
budget: {usd: 1}
models:
  - {id: a, provider: opanai, max_output_tokens: 10}
  - {id: b, provider: openai, model: my-own, max_output_tokens: 10}
"""
    with pytest.raises(SpecError) as wrong:
        check(spec(tmp_path, text))
    said = str(wrong.value)
    for place in (":2: executor", ":3: policy.epsilon_greedy.epsilon", ":6: models[0].provider", ":7: models[1].pricing"):
        assert place in said, said


PRICED = "provider: openai, pricing: {input_per_1k: 1, output_per_1k: 2}"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f"budget: {{usd: 0}}\nmodels: [{{id: a, {PRICED}, max_output_tokens: 5}}, {{id: b, {PRICED}}}]\n", ["models[1]"]),
        (
            f"budget: {{tokens: 10}}\nmodels: [{{id: a, {PRICED}, max_output_tokens: 5}}, {{id: b, provider: tiny}}]\n",
            ["models[1]"],
        ),
        (f"models: [{{id: a, {PRICED}}}, {{id: b, {PRICED}, budget: {{usd: 1}}}}]\n", ["models[1]"]),
        (f"budget: {{calls: 5}}\nmodels: [{{id: a, {PRICED}}}]\n", []),
        ("budget: {usd: 5}\nmodels: [{id: a, provider: tiny}]\n", []),
    ],
    ids=["usd", "tokens", "of one model", "calls", "usd of a free model"],
)
def test_a_cap_needs_to_know_the_most_that_a_call_can_come_to(tmp_path: Path, text: str, wrong: list[str]) -> None:
    found: list[str] = []
    try:
        check(spec(tmp_path, text))
    except SpecError as error:
        found = [problem.path for problem in error.problems]
    assert found == [f"{place}.max_output_tokens" for place in wrong]


def test_a_memory_that_could_not_be_added_to_is_refused_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="windowed"):
        check(spec(tmp_path, "memory: numbers\npolicy: {windowed: {last: 50, policy: {epsilon_greedy: 0.1}}}\n"))


@pytest.mark.parametrize("state", ["{a: 1}", "{loopwright_policy_state: 2}", "{loopwright_policy_state: 1, arms: []}"])
def test_a_state_in_the_spec_is_checked_with_it(tmp_path: Path, state: str) -> None:
    with pytest.raises(SpecError, match=r"toy\.yaml:2: policy.*state"):
        check(spec(tmp_path, f"policy: {{warm_start: {{state: {state}, policy: thompson}}}}\n"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("items: 100\nwindow: 11\npolicy: thompson\n", "`window: 10` learns sooner"),
        ("items: 10000\nwindow: 15\nmodels: [{id: a, provider: refusing, limits: {concurrency: 8}}]\n", "idle"),
    ],
)
def test_windows_that_are_probably_not_meant_are_warned_of(tmp_path: Path, text: str, says: str) -> None:
    (warning,) = check(spec(tmp_path, text)).warnings
    assert says in warning


@pytest.mark.parametrize(
    "text",
    [
        "items: 10000\nwindow: 16\nmodels: [{id: a, provider: refusing, limits: {concurrency: 8}}]\npolicy: thompson\n",
        "items: 10000\nwindow: 1\nmodels: [{id: a, provider: refusing}]\npolicy: thompson\n",
        "items: 100\nwindow: 50\n",
        "items: 100\nwindow: 50\npolicy: {warm_start: {state: a.json, policy: {fixed: narrow}}}\n",
        "items: 9\nwindow: 4\npolicy: thompson\n",
    ],
    ids=["sound", "unsaid", "uniform", "fixed", "few"],
)
def test_there_are_no_warnings_where_they_would_not_matter(tmp_path: Path, text: str) -> None:
    assert check(spec(tmp_path, text)).warnings == ()
