"""A correction spec says in short what it means in full, and is told what is wrong with it."""

from __future__ import annotations

import re

import jsonschema_rs
import pytest
from pydantic import JsonValue
from tests.workflows.correction.conftest import SPEC, Desk

from loopwright.learn.error_classifier.protocol import MODES, Predicted
from loopwright.llm.prompts import reprompts
from loopwright.spec.schema import json_schema
from loopwright.workflows.correction import bank
from loopwright.workflows.correction.contexts import CELLS, cell, context, encoding
from loopwright.workflows.correction.spec import Contexts, CorrectionSpec, Reprompts

LIN_TS: dict[str, JsonValue] = {"shared": True, "v": 0.0625, "ridge": 4.0}
SAFE: dict[str, JsonValue] = {"baseline": "stop", "at_random": 0.2, "confidence": 0.99}
EDGES = Contexts(confidence=(0.4, 0.7), turns=(1, 3))


def spec(**given: JsonValue) -> CorrectionSpec:
    models: JsonValue = [{"id": "m", "provider": "tiny"}]
    data: JsonValue = {"source": "mock"}
    return CorrectionSpec.model_validate({"workflow": "correction", "dataset": data, "models": models, **given})


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("thompson", {"apart": {"by": ["cell"], "policy": {"thompson": {"family": "gaussian", "sigma": 0.1}}}}),
        (
            {"thompson": {"family": "beta"}},
            {"apart": {"by": ["cell"], "policy": {"thompson": {"family": "beta", "sigma": 0.1}}}},
        ),
        ({"epsilon_greedy": 0.2}, {"apart": {"by": ["cell"], "policy": {"epsilon_greedy": 0.2}}}),
        ({"kind": "lin_ts"}, {"lin_ts": LIN_TS}),
        ({"kind": "lin_ts", "v": 0.1, "shared": False}, {"lin_ts": {**LIN_TS, "v": 0.1, "shared": False}}),
        (
            {"kind": "lin_ts", "safe_start": {"explore": 0.2}, "warm_start": "a.json"},
            {
                "warm_start": {
                    "state": "a.json",
                    "unknown": "ignore",
                    "policy": {"safe_start": {**SAFE, "explore": 0.2, "policy": {"lin_ts": LIN_TS}}},
                }
            },
        ),
        (
            {"kind": "epsilon_greedy", "safe_start": 0.3, "warm_start": None},
            {"apart": {"by": ["cell"], "policy": {"safe_start": {**SAFE, "explore": 0.3, "policy": "epsilon_greedy"}}}},
        ),
        ({"fixed": "stop"}, {"fixed": "stop"}),
        ("uniform", "uniform"),
        ({"discounted": {"by": 0.9, "policy": "thompson"}}, {"discounted": {"by": 0.9, "policy": "thompson"}}),
    ],
)
def test_a_policy_in_short_is_a_nest_in_full(short: JsonValue, full: JsonValue) -> None:
    read = spec(policy=short)
    assert read.policy.model_dump(mode="json") == full
    assert CorrectionSpec.model_validate_json(read.model_dump_json()) == read


@pytest.mark.parametrize(
    "given",
    [
        {"reprompts": "default"},
        {"reprompts": "bank.json"},
        {"reprompts": ["concise_sure"]},
        {"reprompts": {"styles": ["concise"], "holdout": "only"}},
        {"dataset": {"source": "mock", "split": "train"}},
        {"dataset": {"source": "mock", "split": {"part": "held_out", "held_out": 0.5}}},
        {"policy": {"kind": "lin_ts", "safe_start": 0.2, "update_every": 5, "warm_start": None}},
    ],
)
def test_what_a_spec_may_say_in_short_fits_its_schema(given: dict[str, JsonValue]) -> None:
    spec(**given)
    whole = {"workflow": "correction", "dataset": {"source": "mock"}, "models": [{"id": "m", "provider": "tiny"}], **given}
    fits = jsonschema_rs.Draft202012Validator(json_schema(CorrectionSpec))
    fits.validate(whole)
    assert not fits.is_valid({**whole, "reprompts": {"stiles": []}, "dataset": {"source": "mock", "split": "test"}})


def test_the_interval_of_updates_may_stand_with_the_policy() -> None:
    assert spec(policy={"kind": "thompson", "update_every": 100}).update_every == 100
    assert spec(policy="thompson", update_every=7).update_every == 7


def test_there_are_54_contexts_and_each_is_reached() -> None:
    assert len(CELLS) == len({*CELLS}) == 54
    found = {cell(Predicted(mode, share), turn, EDGES) for mode in MODES for share in (0.0, 0.5, 1.0) for turn in range(5)}
    assert found == {*CELLS}
    at_edges = [cell(Predicted("anchored", share), 0, EDGES) for share in (0.399, 0.4, 0.699, 0.7)]
    assert [each.split("_")[1] for each in at_edges] == ["low", "medium", "medium", "high"]
    phases = [cell(Predicted("anchored", 0.0), turn, EDGES).split("_")[2] for turn in range(5)]
    assert phases == ["early", "early", "mid", "mid", "late"]


def test_a_shared_policy_sees_all_features_and_knows_what_a_stop_earns() -> None:
    arms = bank.arms(Reprompts())
    numbers = encoding(arms, 5)
    seen = context(Predicted("wavering", 0.62), 2, "concise", EDGES)
    last = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert numbers.context(seen) == (1.0, 0.6, 0.4, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, *last)
    assert {each.features["load"] for each in arms[1:]} == {0.0, 0.5, 1.0}
    assert not any(numbers.row(seen, "stop"))
    assert len({tuple(numbers.row(seen, each.name)) for each in arms}) == len(arms), "all can be told apart"


def test_the_bank_has_a_part_that_no_policy_is_trained_with() -> None:
    offered = {each.id for each in bank.chosen(Reprompts())}
    kept = {each.id for each in bank.chosen(Reprompts(holdout="only"))}
    everything = {each.id for each in reprompts()}
    assert len(everything) >= 33
    assert offered | kept == everything
    assert not offered & kept
    assert len({each.style for each in reprompts() if each.id in kept}) == 6
    assert [each.id for each in bank.chosen(Reprompts.model_validate(["concise_recount"]))] == ["concise_recount"]
    assert {each.style for each in bank.chosen(Reprompts(styles=("concise",)))} == {"concise"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("reward: {token_price: 0.1, correct_is_worth_tokens: 10}\n", "says the price more than once"),
        (
            "reprompts: [concise_shure]\n",
            "reprompts.ids[0]: no reprompt is called 'concise_shure'; did you mean 'concise_sure'?",
        ),
        ("reprompts: []\n", "reprompts: leaves none to ask again with"),
        ("reprompts: {ids: [concise_sure], styles: [neutral]}\n", "reprompts: leaves none to ask again with"),
        ("reprompts: {bank: []}\n", "reprompts: leaves none to ask again with"),
        (
            "reprompts: {bank: [{id: stop, text: Go on.}]}\n",
            "reprompts.bank[0].id: 'stop' is what the end of a question is called",
        ),
        ("reprompts: {bank: [{id: a, text: Go on.}, {id: a, text: Sure?}]}\n", "reprompts.bank[1].id: 'a' is there twice"),
        ("contexts: {confidence: [0.7, 0.4]}\n", "edges that do not rise"),
        (
            "policy: {fixed: neutral_stepz}\n",
            "policy.fixed: no reprompt that is offered is called 'neutral_stepz'; did you mean",
        ),
        ("policy: {kind: lin_ts, update_every: 0}\n", "update_every: does not fit; expected at least 1"),
        ("policy: {kind: lin_ts, update_every: often}\n", "update_every: is text; expected a whole number"),
        ("policy: {kind: lin_ts, update_every: 9}\nupdate_every: 5\n", "says update_every twice, and not the same"),
        ("policy: {kind: lin_ts, warm_start: gone.json}\n", "gone.json: the policy's state cannot be read"),
        ("policy: {kind: lin_tz}\n", "did you mean 'lin_ts'?"),
        ("policy: {kind: thompson, safe_start: {explor: 0.1}}\n", "did you mean 'explore'?"),
        ("reward: {correct_is_worth_usd: 0.01}\nx: 1\n", "x: "),
    ],
)
def test_what_is_wrong_is_told_with_its_line(desk: Desk, more: str, said: str) -> None:
    done = desk.check(more)
    assert done.code == 2
    assert said in done.err
    assert "spec.yaml:" in done.err


def test_a_classifier_is_looked_for_before_the_run(desk: Desk) -> None:
    done = desk.check(spec=SPEC.replace("rule", "nowhere.json"))
    assert done.code == 2
    assert re.search(r"classifier.path: .*nowhere.json: the classifier cannot be read", done.err)


def test_what_a_classifier_is_fitted_to_is_looked_for_before_the_run(desk: Desk) -> None:
    done = desk.check(spec=SPEC.replace("path: rule", "fit: {sources: [twice.csv]}"))
    assert done.code == 2
    assert re.search(r"spec.yaml:6: classifier.fit.sources\[0\]: .*twice.csv has no column", done.err)


def test_a_first_question_without_reference_answer_is_told_before_it_is_paid_for(desk: Desk) -> None:
    said = "the first question, 'n1', has no reference answer, and of such nothing is learned"
    assert said not in desk.check().err
    desk.questions(range(1, 13), references=False)
    assert said in desk.check().err and "`dataset.fields`" in desk.check().err
    assert said not in desk.check("reward: {judge: doubler}\n").err


def test_the_edges_of_one_kind_of_bins_may_be_given_alone() -> None:
    assert spec(contexts={"turns": [0, 2]}).contexts == Contexts(confidence=(0.4, 0.7), turns=(0, 2))


def test_a_dataset_is_checked_before_the_run(desk: Desk) -> None:
    done = desk.check(spec="workflow: correction\ndataset: {source: gsm8k, pth: x}\nmodels: []\n")
    assert done.code == 2
    assert "spec.yaml:2: dataset.pth" in done.err
    assert "models: missing" in done.err
    (desk.folder / "twice.csv").write_text("id,question,reference_answer\n")
    assert "warning: the dataset holds no question that is asked for" in desk.check().err
    (desk.folder / "twice.csv").unlink()
    done = desk.check()
    assert done.code == 2
    assert re.search(r"spec.yaml:4: dataset: .*twice.csv cannot be read", done.err)
    done = desk.run()
    assert done.code == 2
    assert "twice.csv cannot be read" in done.err


def test_check_says_what_is_wrong_with_a_bank_in_a_file(desk: Desk) -> None:
    words = "reprompts: {bank: bank.json, ids: [minne]}\n"
    (desk.folder / "bank.json").write_text('[{"id": "mine", "text": "Once more."}]')
    for ended in (desk.check(words), desk.run(words)):
        assert ended.code == 2
        assert "reprompts.ids[0]: no reprompt is called 'minne'" in ended.err and "did you mean 'mine'?" in ended.err
    (desk.folder / "bank.json").unlink()
    assert re.search(r"spec.yaml:8: reprompts.bank: .*bank.json cannot be read: No such file", desk.check(words).err)


def test_a_run_that_has_begun_does_not_miss_its_bank(desk: Desk) -> None:
    (desk.folder / "bank.json").write_text('[{"id": "mine", "text": "Once more."}]')
    words = "reprompts: bank.json\npolicy: {fixed: mine}\nmax_turns: 1\n"
    assert desk.run(f"{words}budget: {{calls: 10}}\n").code == 3
    (desk.folder / "bank.json").unlink()
    assert desk.run(words).code == 0
    assert desk.summary()["outcome"]["by_prompt"]["mine"]["asked"] == 12
