"""A spec is read, overridden and validated; whatever is wrong is said at once, with its place, in words a user knows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import Problem, SpecError
from loopwright.spec import paths
from loopwright.spec.blocks import FromEnv, ModelBlock, Named, RunSpec
from loopwright.spec.dump import dump
from loopwright.spec.load import override, read, validate
from loopwright.spec.yaml import parse

SOUND = """\
workflow: garden
seed: 7
models:
  - id: writer
    provider: scripted
    max_output_tokens: 64
    headers: {X-Org: {env: ORG}, X-Team: blue}
    limits: {rpm: 500}
  - id: gpt-4.1
    provider: openai
    max_output_tokens: 64
    temperature: 1
    fallback: writer
policy: {epsilon_greedy: {epsilon: 0.1}}
checks: [length, {regex: "^a"}, {schema: {strict: true}}]
weights: {a: 1, b: 0.5}
marks: [1, 2]
"""


def spec(text: str, model: type[RunSpec]) -> Any:
    return validate(parse(text, "spec.yaml"), model)


def complaints(text: str, model: type[RunSpec], *settings: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        validate(override(parse(text, "spec.yaml"), settings), model)
    return str(caught.value).splitlines()


def test_a_sound_spec_is_frozen_typed_data(garden: type[RunSpec]) -> None:
    found = spec(SOUND, garden)
    assert [model.id for model in found.models] == ["writer", "gpt-4.1"]
    assert found.models[0].headers == {"X-Org": FromEnv(env="ORG"), "X-Team": "blue"}
    assert found.policy == Named(kind="epsilon_greedy", argument={"epsilon": 0.1})
    assert [check.kind for check in found.checks] == ["length", "regex", "schema"]
    assert found.window == 6


def test_types_are_exact_but_a_whole_number_is_a_number(garden: type[RunSpec]) -> None:
    found = spec(SOUND, garden)
    assert found.models[0].limits.rpm == 500.0
    assert isinstance(found.models[1].temperature, float)
    assert found.marks == (1, 2)
    for wrong in (
        "seed: 1.0",
        "seed: '1'",
        "seed: true",
        "marks: [1.0]",
        "marks: 1",
        "weights: {a: '1'}",
        "label: 1",
        "name: true",
    ):
        assert complaints(f"workflow: garden\n{wrong}", garden)[0].startswith("spec.yaml:2: ")


def test_every_problem_is_said_at_once_in_the_order_of_the_file(garden: type[RunSpec]) -> None:
    text = """\
workflow: garden
modles: []
models:
  - id: a
    provider: openai
    limits: {rpms: 5, tpm: fast}
    headers: {X-Org: 3}
  - {id: b/c, provider: openai, temperature: 3}
policy: {a: 1, b: 2}
executor: rya
marks: [1, 2.5]
batch: {size: 0, raito: 1}
checks: [1]
"""
    assert complaints(text, garden) == [
        "spec.yaml:2: modles: is not a known key; did you mean 'models'?",
        "spec.yaml:6: models[0].limits.tpm: is text; expected a number",
        "spec.yaml:6: models[0].limits.rpms: is not a known key; did you mean 'rpm'?",
        "spec.yaml:7: models[0].headers.X-Org: is a whole number; expected text or a mapping",
        "spec.yaml:8: models[1].id: does not fit; expected text of the form ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        "spec.yaml:8: models[1].temperature: does not fit; expected at most 2",
        "spec.yaml:9: policy: names 2 kinds where one is asked for; write {name: arguments}",
        "spec.yaml:10: executor: is none of the values known here; expected 'local' or 'ray'; did you mean 'ray'?",
        "spec.yaml:11: marks[1]: is a number; expected a whole number",
        "spec.yaml:12: batch.size: does not fit; expected at least 1",
        "spec.yaml:12: batch.raito: is not a known key; did you mean 'ratio'?",
        "spec.yaml:13: checks[0]: is neither a name nor {name: arguments}",
    ]


def test_what_is_missing_is_named_at_the_block_that_lacks_it(garden: type[RunSpec]) -> None:
    assert complaints("seed: 1\nmodels:\n  - id: a\n", garden) == ["spec.yaml:3: models[0].provider: is missing"]


def test_nearest_keys_are_found_below_mappings_of_blocks(garden: type[RunSpec]) -> None:
    assert complaints("beds: {rose: {retrys: 1}}", garden) == [
        "spec.yaml:1: beds.rose.retrys: is not a known key; did you mean 'retries'?"
    ]


@pytest.mark.parametrize("text", ["", "[1, 2]", "just text", "7"])
def test_a_spec_is_a_mapping(text: str, garden: type[RunSpec]) -> None:
    assert "expected keys with values" in complaints(text, garden)[0]


def test_models_agree_among_themselves(garden: type[RunSpec]) -> None:
    text = """\
models:
  - {id: a, provider: openai, fallback: b}
  - {id: b, provider: openai, fallback: a}
  - {id: c, provider: openai, fallback: cc}
  - {id: c, provider: openai}
  - {id: dd, provider: record, of: d}
  - {id: e, provider: record, of: e}
"""
    assert complaints(text, garden) == [
        "spec.yaml:2: models[0].fallback: leads back to a; expected a chain that ends",
        "spec.yaml:3: models[1].fallback: leads back to b; expected a chain that ends",
        "spec.yaml:4: models[2].fallback: names a model that is not there; expected one of a, b, c, dd, e; did you mean 'c'?",
        "spec.yaml:5: models[3].id: is the id of models[2] too; expected an id of its own",
        "spec.yaml:6: models[4].of: names a model that is not there; expected one of a, b, c, dd, e; did you mean 'dd'?",
        "spec.yaml:7: models[5].of: leads back to e; expected a chain that ends",
    ]


def test_models_are_compared_even_where_another_block_is_broken(garden: type[RunSpec]) -> None:
    text = "sead: 1\nmodels: [{id: a, provider: x, fallback: b}]\n"
    assert [line.split(": ")[1] for line in complaints(text, garden)] == ["sead", "models[0].fallback"]


SECRET = "sk-canary0123456789abcdef"


@pytest.mark.parametrize(
    ("block", "path"),
    [
        (f"api_key: {SECRET}", "models[0].api_key"),
        ("api_key: hunter2canary", "models[0].api_key"),
        ("key: hunter2canary", "models[0].key"),
        ("token: hunter2canary", "models[0].token"),
        ("Authorization: hunter2canary", "models[0].Authorization"),
        (f"headers: {{X-Anything: {SECRET}}}", "models[0].headers.X-Anything"),
        ("headers: {Authorization: hunter2canary}", "models[0].headers.Authorization"),
        ("headers: {x-api-key: hunter2canary}", "models[0].headers.x-api-key"),
        ("headers: {X-Foo: Bearer hunter2canary}", "models[0].headers.X-Foo"),
        ("base_url: https://me:hunter2canary@example.com/v1", "models[0].base_url"),
        ("base_url: https://example.com/v1?api_key=hunter2canary", "models[0].base_url"),
        (f"api_key_env: {SECRET}", "models[0].api_key_env"),
        (f"model: {SECRET}", "models[0].model"),
        (f"{SECRET}: 1", "models[0]"),
        (f"provider2: [{{a: {SECRET}}}]", "models[0].provider2[0].a"),
    ],
)
def test_a_key_in_the_spec_is_refused_and_never_repeated(block: str, path: str, garden: type[RunSpec]) -> None:
    with pytest.raises(SpecError) as caught:
        spec(f"models:\n  - id: a\n    provider: openai\n    {block}\nsede: 1\n", garden)
    found = caught.value
    assert path in [problem.path for problem in found.problems]
    assert any("env" in (problem.expected or "") for problem in found.problems)
    assert "sede: is not a known key" in str(found)
    for shown in (str(found), repr(found), repr(found.__cause__)):
        assert "canary" not in shown
    assert found.__cause__ is None


def test_a_key_given_on_the_command_line_is_refused_and_never_repeated(garden: type[RunSpec]) -> None:
    assert "canary" not in "".join(complaints(SOUND, garden, f"models[0].api_key={SECRET}"))
    assert "canary" not in "".join(complaints(SOUND, garden, SECRET))


def test_words_that_only_sound_like_keys_are_let_through(garden: type[RunSpec]) -> None:
    text = SOUND + "label: the bearer of bad news asks for a token, a key and the risk-averse task-force-estimates\n"
    assert spec(text, garden).label.startswith("the bearer")


def test_settings_replace_values_by_index_and_by_id(garden: type[RunSpec]) -> None:
    settings = ["models[0].temperature=0.2", "models.gpt-4.1.x=1"]
    document = override(
        parse(SOUND), ["models[0].temperature=0.2", "models[gpt-4.1].temperature=0.4", "budget.usd=3", "seed=8"]
    )
    found: Any = validate(document, garden)
    assert [model.temperature for model in found.models] == [0.2, 0.4]
    assert found.budget.usd == 3
    assert found.seed == 8
    assert validate(override(parse(SOUND), ["models.writer.temperature=0.2"]), garden).models[0].temperature == 0.2
    with pytest.raises(SpecError):
        override(parse(SOUND), settings)


def test_settings_are_flow_yaml_and_later_ones_win(garden: type[RunSpec]) -> None:
    document = override(parse(SOUND), ["batch={size: 3, ratio: 1}", "batch.size=4", "label='no'", "policy=uniform", "marks=[]"])
    found: Any = validate(document, garden)
    assert (found.batch.size, found.batch.ratio, found.label, found.policy.kind, found.marks) == (4, 1.0, "no", "uniform", ())
    assert validate(override(parse(SOUND), ["models[0].limits.rpm="]), garden).models[0].limits.rpm is None


def test_an_override_leaves_the_document_as_it_was() -> None:
    document = parse("a: &x {b: 1}\nc: *x\n")
    assert override(document, ["a.b=2"]).data == {"a": {"b": 2}, "c": {"b": 1}}
    assert document.data == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_problem_with_a_setting_says_that_it_came_from_the_setting(garden: type[RunSpec]) -> None:
    assert complaints(SOUND, garden, "budget.usdd=3", "models.writer.temperature=9") == [
        "spec.yaml: models[0].temperature: does not fit (from --set models.writer.temperature); expected at most 2",
        "spec.yaml: budget.usdd: is not a known key (from --set budget.usdd); did you mean 'usd'?",
    ]


def test_settings_that_cannot_be_applied_are_all_named() -> None:
    settings = [
        "x=a: 1",
        "x=off",
        "zz",
        "=3",
        "models[7].id=x",
        "models.wirter.id=x",
        "seed.x=2",
        "a..b=1",
        "models[0].limits={rpm: [1, 2",
    ]
    with pytest.raises(SpecError) as caught:
        override(parse(SOUND, "spec.yaml"), settings)
    found = str(caught.value).splitlines()
    beginnings = [
        "spec.yaml: x: is a block (from --set x)",
        "spec.yaml: x: off is a boolean",
        "spec.yaml: --set number 3 cannot be understood",
        "spec.yaml: --set number 4 cannot be understood",
        "spec.yaml: models[7]: is beyond the end of the list (from --set models[7].id); expected an index below 2",
        "spec.yaml: models.wirter: is no id in the list (from --set models.wirter.id)",
        "spec.yaml: seed.x: cannot be set: seed is no mapping",
        "spec.yaml: --set number 8 cannot be understood",
        "spec.yaml: models[0].limits.rpm: is not valid YAML",
    ]
    assert [line[: len(start)] for line, start in zip(found, beginnings, strict=True)] == beginnings
    assert "did you mean 'writer'?" in found[5]


@given(st.text())
def test_any_setting_is_applied_or_refused(setting: str) -> None:
    for text in (setting, f"seed={setting}", f"{setting}=1", f"models{setting}=1"):
        try:
            override(parse(SOUND), [text]).data  # noqa: B018
        except SpecError as error:
            assert error.problems


def test_other_rooms_need_not_know_lines() -> None:
    document = parse(SOUND, "spec.yaml")
    error = document.blame(
        SpecError([Problem("policy.epsilon_greedy.epsilon", "is odd"), Problem("models.writer.cassette", "is missing")])
    )
    assert str(error).splitlines() == [
        "spec.yaml:14: policy.epsilon_greedy.epsilon: is odd",
        "spec.yaml:4: models.writer.cassette: is missing",
    ]
    assert str(document.blame(error)) == str(error)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_text("#" * 2_000_000)
    for file, complaint in (
        (tmp_path, "directory"),
        (tmp_path / "none.yaml", "No such file"),
        (tmp_path / "large.yaml", "larger"),
    ):
        with pytest.raises(SpecError, match=complaint):
            read(file)
    with pytest.raises(SpecError, match="not a file name"):
        read("a\0b")
    with pytest.raises(SpecError, match="larger"):
        read("/dev/zero")


def test_a_file_is_read_with_its_text(tmp_path: Path, garden: type[RunSpec]) -> None:
    file = tmp_path / "garden.yaml"
    file.write_text(SOUND)
    document = read(file)
    assert (document.file, document.text) == (str(file), SOUND)
    assert validate(document, garden) == spec(SOUND, garden)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(-1, 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "kind", "no", "x y"]), inner, max_size=3),
    max_leaves=6,
)
named = st.builds(Named, kind=st.sampled_from(["uniform", "kind", "argument", "no", "1"]), argument=json_values)


@given(st.lists(named, max_size=3), named, st.integers(0, 9), st.sampled_from([None, "a", "b"]))
def test_what_is_dumped_validates_to_an_equal_spec(checks: list[Named], policy: Named, seed: int, model: str | None) -> None:
    class Beds(RunSpec):
        checks: tuple[Named, ...] = ()

    blocks = (ModelBlock(id="a", provider="scripted", model=model, script=["x: y", "- 1"]),)
    given = Beds(workflow="beds", checks=tuple(checks), policy=policy, seed=seed, models=blocks)
    assert validate(parse(dump(given)), Beds) == given


def test_a_dump_is_minimal(garden: type[RunSpec]) -> None:
    defaults = "seed: 0\nbatch: {size: 8}\nbudget: {}\nweights: {}\nbeds: {}\n"
    text = f"workflow: garden\npolicy: {{kind: fixed, argument: a}}\nchecks: [{{kind: length}}]\n{defaults}"
    assert dump(spec(text, garden)) == "workflow: garden\npolicy:\n  fixed: a\nchecks:\n  - length\n"


@given(st.lists(st.integers(0, 99) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_a_path_that_is_shown_is_read_back(path: list[str | int]) -> None:
    assert list(paths.parse(paths.show(path))) == path


def test_checking_a_spec_imports_nothing_heavy() -> None:
    rooms = "load, dump, digest, schema, matrix"
    program = f"import sys; from loopwright.spec import {rooms}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"numpy", "aiohttp", "sklearn", "scipy", "rich", "typer"} & {name.split(".")[0] for name in done.stdout.split()}
