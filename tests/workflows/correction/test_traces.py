"""What a correction run does and writes down: turns, rewards, decisions and files, for a model whose every answer is known."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

import pytest
from tests.workflows.correction.conftest import SPEC, Desk

from loopwright.llm.prompts import render, reprompts
from loopwright.workflows.correction.contexts import CELLS
from loopwright.workflows.correction.lives import Lives
from loopwright.workflows.correction.records import TraceRecord, TurnRecord

STEPS = "policy: {fixed: neutral_steps}\n"
WORDS = "Go through the question step by step and answer it."
REPROMPT_TOKENS = 13  # of 52 characters


def test_a_trace_has_every_field_and_the_prompt_stands_on_the_turn_that_it_brought(desk: Desk) -> None:
    done = desk.run(STEPS, "--set", "max_turns=1")
    assert done.code == 0, done.err
    traces = desk.lines("traces_*.jsonl")
    assert [trace["question_id"] for trace in traces] == [f"n{n}" for n in range(1, 13)]
    for trace in traces:
        assert list(trace) == [field.name for field in fields(TraceRecord)]
        assert all(list(turn) == [field.name for field in fields(TurnRecord)] for turn in trace["turns"])
        assert trace["total_tokens"] == sum(turn["token_count"] for turn in trace["turns"])
        assert trace["total_turns"] == len(trace["turns"]) == 2
        assert [turn["turn_id"] for turn in trace["turns"]] == [0, 1]
        assert trace["trace_id"].startswith(f"twice_{trace['question_id']}_")
        assert trace["turns"][0]["timestamp"] <= trace["turns"][1]["timestamp"] <= trace["created_at"]
    first = traces[0]
    wrong, right = first["turns"]
    assert (wrong["prompt_id"], wrong["prompt_text"], wrong["delta_accuracy"]) == (None, None, 0)
    assert (right["prompt_id"], right["prompt_text"], right["delta_accuracy"]) == ("neutral_steps", WORDS, 1)
    assert (wrong["answer"], right["answer"]) == ("Let me see.\nAnswer: 3", "Let me see.\nAnswer: 2")
    assert (first["reference_answer"], first["final_accuracy"]) == ("2", 1)
    third = traces[2]["turns"]
    assert [turn["delta_accuracy"] for turn in third] == [0, 0], "it was right, and stayed so"
    assert third[0]["question"] == "What is twice 3?"


def test_a_question_whose_id_comes_again_has_traces_that_can_be_told_apart(desk: Desk) -> None:
    lines = [
        "id,question,reference_answer",
        *(f"same,What is twice {n}?,{2 * n}" for n in (4, 5, 4)),
        "other,What is twice 6?,12",
    ]
    (desk.folder / "twice.csv").write_text("\n".join(lines))
    desk.run(STEPS, "--set", "max_turns=1")
    traces = desk.lines("traces_*.jsonl")
    assert [trace["question_id"] for trace in traces] == ["same", "same", "same", "other"]
    first, second, third, other = (trace["trace_id"] for trace in traces)
    assert first.startswith("twice_same_") and other == first.replace("same", "other")
    assert (second, third) == (f"{first}_1", f"{first}_2")
    assert [line["trace_id"] for line in desk.lines("decisions.jsonl")] == [first, second, third, other]


def test_the_conversation_is_kept_and_its_billed_tokens_stand_beside_the_price(desk: Desk) -> None:
    desk.run(STEPS, "--set", "max_turns=2")
    turns = desk.lines("traces_*.jsonl")[0]["turns"]
    asked = [turn["token_count"] for turn in turns]
    assert asked[0] < asked[1] < asked[2], "each turn is billed with all that was said before"
    (decision, *_) = desk.lines("decisions.jsonl")
    assert decision["billed_tokens"] == asked[1]
    tokens = REPROMPT_TOKENS + 5
    assert decision["reward_parts"] == {"delta": 1, "tokens": tokens, "price": pytest.approx(0.018), "by": "reference"}
    assert decision["reward"] == pytest.approx(1 - 0.018)


def test_what_arms_earned_is_told_in_the_unit_of_the_reward_too(desk: Desk) -> None:
    told = desk.run("policy: uniform\n").out
    assert re.search(r"^arm +pulls +mean reward +unscaled$", told, re.M)
    assert re.search(r"^stop +\d+ +0\.500 +0\.000$", told, re.M)


def test_a_decision_earns_what_came_of_it_and_a_stop_exactly_nothing(desk: Desk) -> None:
    desk.questions(range(15, 214))
    desk.run("policy: uniform\n")
    seen = set()
    traces = {trace["trace_id"]: trace for trace in desk.lines("traces_*.jsonl")}
    for each in desk.lines("decisions.jsonl"):
        turns = traces[each["trace_id"]]["turns"]
        assert each["context_key"] in CELLS
        assert each["propensity"] == pytest.approx(1 / 28)
        if each["action"] == "stop":
            assert each["turn_id"] == len(turns) - 1
            assert each["reward"] == 0.0
            continue
        after = turns[each["turn_id"] + 1]
        assert after["prompt_id"] == each["action"]
        price = 0.001 * each["reward_parts"]["tokens"]
        assert each["reward"] == pytest.approx(after["delta_accuracy"] - price)
        assert (after["delta_accuracy"] == 1) <= ("step" in after["prompt_text"])
        seen.add(after["delta_accuracy"])
    assert seen == {-1, 0, 1}


def test_what_followed_counts_where_the_spec_says_so(desk: Desk) -> None:
    desk.questions(range(1, 4))
    desk.run("policy: {fixed: concise_sure}\nreward: {return_to_go: true}\nmax_turns: 3\n")
    earned: dict[str, list[dict[str, Any]]] = {}
    for each in desk.lines("decisions.jsonl"):
        earned.setdefault(each["trace_id"], []).append(each)
    for decided in earned.values():
        own = [one["reward_parts"]["own"] for one in decided]
        assert [one["reward"] for one in decided] == pytest.approx([sum(own[at:]) for at in range(3)])
    assert own[0] == pytest.approx(-1 - 0.007), "the third was right, and was talked out of it"
    desk.run("policy: uniform\nreward: {return_to_go: true}\nmax_turns: 3\n", "--name", "varied")
    asked = ["policy", "evaluate", desk.place.name, "--policy", "spec.yaml"]
    refused = desk.call(*asked)
    assert (refused.code, "--alone asks what each decision would earn by itself" in refused.err) == (2, True)
    assert desk.call(*asked, "--alone").code == 0


def test_a_run_that_never_stops_is_compared_by_whole_trials_too(desk: Desk) -> None:
    desk.run("policy: {fixed: neutral_steps}\nmax_turns: 2\n")
    (desk.folder / "other.yaml").write_text("policy: {fixed: stop}\n")
    for file in ("spec.yaml", "other.yaml"):
        told = json.loads(desk.call("policy", "evaluate", desk.place.name, "--policy", file, "--json").out)
        assert (told["per"], told["support"]["trials"], told["support"]["decisions"]) == ("trial", 12, 24)


@pytest.mark.parametrize(
    ("reward", "price"),
    [
        ("{token_price: 0.01}", 0.18),
        ("{correct_is_worth_tokens: 100}", 0.18),
        ("{correct_is_worth_usd: 0.001}", (13 * 0.5 + 5 * 2.0) / 1000 / 0.001),
    ],
)
def test_a_price_is_said_in_correct_answers_in_tokens_or_in_dollars(desk: Desk, reward: str, price: float) -> None:
    spec = f"{STEPS}reward: {reward}\nmax_turns: 1\n"
    done = desk.run(spec, "--set", "models.doubler.pricing={input_per_1k: 0.5, output_per_1k: 2.0}")
    assert done.code == 0, done.err
    decision = desk.lines("decisions.jsonl")[0]
    assert decision["reward_parts"]["price"] == pytest.approx(price)
    assert decision["reward"] == pytest.approx(max(-2.0, 1 - price))


def test_a_net_fix_has_a_price_in_tokens_and_in_dollars(desk: Desk) -> None:
    desk.run(f"{STEPS}max_turns: 1\n", "--set", "models.doubler.pricing={input_per_1k: 0.5, output_per_1k: 2.0}")
    outcome, turns = desk.summary()["outcome"], [trace["turns"] for trace in desk.lines("traces_*.jsonl")]
    assert outcome["tokens_per_net_fix"] == pytest.approx((REPROMPT_TOKENS + 5) * 12 / 8)
    billed = sum(5 * 2.0 + (turn["token_count"] - 5) * 0.5 for _, turn in turns) / 1000
    assert outcome["usd_per_net_fix"] == pytest.approx(billed / 8)
    assert outcome["by_style"]["neutral"]["usd"] == pytest.approx(billed)


def test_without_a_reference_nothing_is_learned_and_unknown_stays_unknown(desk: Desk) -> None:
    desk.questions(range(1, 13), references=False)
    done = desk.run(STEPS)
    assert [reward for _, reward in desk.decided()] == [None] * 60
    trace = desk.lines("traces_*.jsonl")[0]
    assert (trace["reference_answer"], trace["final_accuracy"], trace["total_turns"]) == (None, None, 6)
    assert {turn["delta_accuracy"] for turn in trace["turns"]} == {None}
    summary = desk.summary()
    assert summary["pipeline_stats"]["without_reference"] == 12
    assert summary["policy_stats"]["avg_reward"] is None
    assert summary["outcome"]["net_gain"] is None
    for told in (done.out, desk.call("runs", "show", desk.place.name).out):
        assert re.search(r"unknown +12 without a reference answer, .*: nothing was learned", told)


def test_a_judge_teaches_where_there_is_no_reference_and_what_it_says_is_marked(desk: Desk) -> None:
    desk.questions(range(1, 13), references=False)
    judge = """
reward: {judge: judge}
models:
  - {id: doubler, provider: scripted, script: "model:answer"}
  - {id: judge, provider: scripted, script: "model:judge"}
"""
    spec = SPEC.replace('models: [{id: doubler, provider: scripted, script: "model:answer"}]\n', judge)
    assert "the policy learns from what 'judge' says" in desk.check(STEPS, spec).out
    done = desk.run(f"{STEPS}max_turns: 1\n", spec=spec)
    assert done.code == 0, done.err
    rewards = [reward for _, reward in desk.decided()]
    assert [reward.parts["by"] for reward in rewards if reward] == ["judge"] * 12
    assert [reward.parts["delta"] for reward in rewards if reward] == [1, 1, 0] * 4
    trace = desk.lines("traces_*.jsonl")[0]
    assert trace["final_accuracy"] is None, "a judge's opinion is no accuracy"
    assert {turn["delta_accuracy"] for turn in trace["turns"]} == {None}
    summary = desk.summary()
    assert summary["pipeline_stats"]["judged"] == 12
    assert summary["outcome"]["questions"] == 0
    assert summary["other_ways"] == {}
    assert "a judge's word on 12 of them was learned from" in done.out
    assert "the policy learns from what 'judge' says" in desk.call("policy", "show", desk.place.name).out
    desk.call("report", desk.place.name)
    told = (desk.place / "report.html").read_text()
    assert "The policy learned from what judge says of 12 of 12 questions without a reference answer" in told
    assert "Without a reference: 12 questions" in told and "Wrong, then fixed" not in told
    assert "names a model that is not there" in desk.check("reward: {judge: jugde}\n").err


def test_words_of_your_own_take_the_place_of_the_bank(desk: Desk) -> None:
    own = [{"id": "mine", "text": "You said <ANSWER>. Go step by step.", "style": "critique_revise"}]
    (desk.folder / "bank.json").write_text(json.dumps(own))
    done = desk.run("policy: {fixed: mine}\nmax_turns: 1\nreprompts: bank.json\n")
    assert done.code == 0, done.err
    trace = desk.lines("traces_*.jsonl")[0]
    assert trace["turns"][1]["prompt_text"] == "You said 3. Go step by step."
    assert desk.summary()["outcome"]["by_style"].keys() == {"critique_revise"}
    assert desk.lines("decisions.jsonl")[0]["propensity"] == 1
    inline = desk.run(f"policy: {{fixed: mine}}\nmax_turns: 1\nreprompts: {{bank: {json.dumps(own)}}}\n", "--name", "inline")
    assert inline.code == 0, inline.err
    (desk.folder / "bank.json").write_text('[{"id": "mine", "txt": "x"}]')
    wrong = desk.run("reprompts: bank.json\n", "--name", "wrong")
    assert wrong.code == 2
    assert "bank.json: [0].text: Field required" in wrong.err


@pytest.mark.slow
def test_another_policy_is_judged_from_the_log_and_may_be_written_in_short(desk: Desk) -> None:
    desk.questions(range(15, 214))
    desk.run("policy: uniform\n")
    (desk.folder / "other.yaml").write_text("policy: {kind: thompson, safe_start: 0.2}\n")
    told = desk.call("policy", "evaluate", desk.place.name, "--policy", "other.yaml", "--json")
    assert told.code == 0, told.err
    answer = json.loads(told.out)
    assert answer["other"]["apart"]["by"] == ["cell"]
    assert answer["estimates"]["doubly_robust"]["low"] < answer["estimates"]["doubly_robust"]["high"]


def test_a_question_that_fails_is_listed_and_the_others_go_on(desk: Desk) -> None:
    desk.questions(range(11, 17))
    done = desk.run(STEPS, "--set", "max_turns=1")
    assert done.code == 1
    assert "trials   6, 2 failed\nfailed   2: Rejected: unlucky\n" in done.out
    assert [trace["question_id"] for trace in desk.lines("traces_*.jsonl")] == ["n11", "n12", "n15", "n16"]
    summary = desk.summary()
    failed = [(each["question_id"], each["error"]) for each in summary["failed_questions"]]
    assert failed == [("n13", "Rejected"), ("n14", "Rejected")]
    assert "unlucky the second time" in summary["failed_questions"][1]["message"]
    assert summary["pipeline_stats"]["failed"] == 2
    earned = {decision.id.trial: reward for decision, reward in desk.decided()}
    assert earned[3] is None, "what became of the second try of n14 is not known"


def test_an_oracle_stops_when_the_answer_is_right_and_is_called_one(desk: Desk) -> None:
    assert "upper bound" in desk.check(f"{STEPS}stop: {{oracle: true}}\n").out
    done = desk.run(f"{STEPS}stop: {{oracle: true}}\n")
    traces = desk.lines("traces_*.jsonl")
    assert [trace["total_turns"] for trace in traces] == [2, 2, 1] * 4
    assert all(trace["final_accuracy"] == 1 for trace in traces)
    assert "upper bound" in desk.summary()["stopping"]
    assert desk.summary()["other_ways"] is None, "what becomes of right answers was never seen"
    (desk.folder / "other.yaml").write_text("policy: uniform\n")
    name = desk.place.name
    asked = (["runs", "show", name], ["policy", "show", name], ["policy", "evaluate", name, "--policy", "other.yaml"])
    for words in asked:
        told = desk.call(*words).out
        assert "upper bound" in told
        assert "'doubler' is scripted: answers written beforehand" in told
        assert any("upper bound" in caveat for caveat in json.loads(desk.call(*words, "--json").out)["caveats"])
    assert "upper bound" in done.out
    desk.call("run", "spec.yaml", "--fresh", "--quiet", "--set", "monitor.jsonl=live.jsonl")
    assert json.loads((desk.folder / "live.jsonl").read_text().splitlines()[-1])["oracle_accuracy"] == 1


def test_the_summary_counts_what_was_fixed_and_what_was_broken(desk: Desk) -> None:
    desk.run("policy: {fixed: adversarial_wrong}\nmax_turns: 1\n")
    summary = desk.summary()
    outcome = summary["outcome"]
    assert outcome["first_accuracy"]["mean"] == pytest.approx(4 / 12)
    assert outcome["final_accuracy"]["mean"] == 0
    gain = outcome["net_gain"]
    assert gain["mean"] == pytest.approx(-4 / 12)
    assert gain["low"] < gain["mean"] < gain["high"]
    assert [each["reached"] for each in outcome["accuracy_by_turn"]] == [12, 12]
    rates = outcome["by_prompt"]["adversarial_wrong"]
    assert (rates["wrong_before"], rates["fixed"], rates["right_before"], rates["broken"]) == (8, 0, 4, 4)
    assert outcome["by_style"]["adversarial"] == rates
    assert outcome["tokens_per_net_fix"] is None
    curve = outcome["learning_curve"]
    assert sum(each["questions"] for each in curve) == 12
    assert sum(each["gain"] * each["questions"] for each in curve if each["questions"]) == pytest.approx(-4)
    assert [each["questions"] for each in curve] == [12], "too few to be told apart"
    assert (curve[0]["low"], curve[0]["gain"], curve[0]["high"]) == (gain["low"], gain["mean"], gain["high"])
    predicted = outcome["predictions"]
    assert predicted["answers"] == 24
    first, stayed, changed = abs(4 - 12 / 2), 8 * 2 / 3, 4 * 1 / 3  # four of twelve right at 1/2; none at 2/3 and at 1/3
    assert predicted["ece"] == pytest.approx((first + stayed + changed) / 24)
    stats = summary["pipeline_stats"]
    assert (stats["traces_processed"], stats["total_turns"], stats["policy_updates"]) == (12, 24, 12)
    assert summary["policy_stats"] == {
        "algorithm": "fixed",
        "total_actions": 28,
        "alpha_params": summary["policy_stats"]["beta_params"],
        "beta_params": len(outcome["by_cell"]),
        "avg_reward": pytest.approx(-4 / 12 - 0.012),
    }
    assert summary["avg_turns_per_trace"] == 2
    assert "scripted" in summary["answers_of"]


def test_a_run_has_worked_as_long_as_its_lives_took_and_ended_with_its_last_question(desk: Desk) -> None:
    done = desk.run(f"{STEPS}budget: {{calls: 20}}\n")
    assert done.code == 3
    first = desk.summary()
    desk.call("runs", "resume", desk.place.name, "--set", "budget.calls=1000", "--quiet")
    whole = desk.summary()
    assert whole["duration_seconds"] >= first["duration_seconds"] > 0
    assert whole["completed_at"] == desk.lines("traces_*.jsonl")[-1]["created_at"]
    desk.call("run", "spec.yaml", "--quiet", "--set", "budget.calls=1000")
    assert desk.summary() == whole, "to look at a run again changes nothing"
    lives = Lives([100.0, 500.0, 900.0])
    for at in (101.0, 103.0, 502.0):
        lives.settled(at)
    assert (lives.seconds, lives.last) == (5.0, 502.0)
    assert (Lives([7.0]).seconds, Lives([7.0]).last) == (0.0, 7.0)


@pytest.mark.slow
def test_a_policy_goes_on_where_an_earlier_run_ended(desk: Desk) -> None:
    desk.questions(range(15, 214))
    desk.run("policy: {kind: lin_ts, safe_start: 0.2}\n")
    learned = json.loads((desk.place / "final_policy.json").read_text())
    assert learned["trials"] == 199
    (desk.folder / "earlier.json").write_text(json.dumps(learned))
    warm = "policy: {kind: lin_ts, safe_start: 0.2, update_every: 5, warm_start: earlier.json}\n"
    done = desk.run(warm, "--name", "warm")
    assert done.code == 0, done.err
    assert json.loads((desk.place / "final_policy.json").read_text())["trials"] == 398
    bolder = desk.run(warm.replace("safe_start: 0.2", "safe_start: {explore: 0.5, confidence: 0.9}"), "--name", "bolder")
    assert bolder.code == 0, "how much is explored leaves no mark on what was learned"
    other = desk.run("policy: {kind: thompson, warm_start: earlier.json}\n", "--name", "other")
    assert other.code == 2
    assert "the state is of policy" in other.err


def test_what_an_oracle_taught_a_policy_is_named_wherever_it_goes(desk: Desk) -> None:
    said = "stop.oracle looks at the reference answers: what comes out is an upper bound, not a result"
    desk.run("policy: {kind: epsilon_greedy}\nstop: {oracle: true}\n")
    learned = json.loads((desk.place / "final_policy.json").read_text())
    assert learned["caveats"][-1] == said
    (desk.folder / "earlier.json").write_text(json.dumps(learned))
    warm = "policy: {kind: epsilon_greedy, warm_start: earlier.json}\n"
    passed_on = f"the policy begins with what was learned where this holds: {said}"
    assert passed_on in desk.check(warm).out
    assert passed_on in desk.run(warm, "--name", "warm").out
    assert json.loads((desk.place / "final_policy.json").read_text())["caveats"] == learned["caveats"]
    desk.call("report", "warm")
    assert f"The {passed_on[4:]}" in (desk.place / "report.html").read_text()
    assert f"note: {passed_on}" in desk.call("run", "spec.yaml", "--fresh").err
    desk.call("policy", "export", "warm", "--own", "-o", "own.json")
    assert said not in (desk.folder / "own.json").read_text(), "the rewards of its own came from no oracle"


@pytest.mark.slow
def test_what_was_learned_can_be_tried_with_words_that_were_held_out(desk: Desk) -> None:
    desk.questions(range(15, 415))
    desk.run("policy: {kind: lin_ts}\n")
    (desk.folder / "earlier.json").write_bytes((desk.place / "final_policy.json").read_bytes())
    held = "policy: {kind: lin_ts, update_every: 1000, warm_start: earlier.json}\nreprompts: {holdout: only}\n"
    done = desk.run(held, "--name", "held")
    assert done.code == 0, done.err
    outcome = desk.summary()["outcome"]
    assert outcome["by_prompt"].keys() <= {each.id for each in reprompts() if each.holdout}
    styles = outcome["by_style"]
    mending = sum(styles[name]["asked"] for name in ("critique_revise", "exhaustive") if name in styles)
    assert mending > 0.8 * outcome["reprompts"]["asked"], "these styles speak of steps, which mends answers"


def test_a_context_stands_before_its_question(desk: Desk) -> None:
    rows = "id,question,reference_answer,context\na,What is twice 3?,6,Read this first.\n"
    (desk.folder / "twice.csv").write_text(rows)
    script = "\n\ndef told(request):\n    return 'Answer: ' + request.messages[0].content\n"
    (desk.folder / "model.py").write_text((desk.folder / "model.py").read_text() + script)
    desk.run("policy: {fixed: stop}\nprompt: solve\n", spec=SPEC.replace("model:answer", "model:told"))
    (trace,) = desk.lines("traces_*.jsonl")
    assert trace["turns"][0]["answer"] == "Answer: " + render("solve", question="Read this first.\n\nWhat is twice 3?")
    assert trace["turns"][0]["question"] == "What is twice 3?"


@pytest.mark.slow
def test_what_other_ways_are_worth_is_told_from_the_log(desk: Desk) -> None:
    """Here each is known: every third answer is right; words of steps mend any, others break any."""
    desk.questions(range(15, 1215))
    desk.run("policy: uniform\nmax_turns: 2\nreprompts: [neutral_steps, concise_sure]\nreward: {token_price: 0}\n")
    ways = desk.summary()["other_ways"]
    known = {
        "once, neutral_steps": 2 / 3,
        "always, neutral_steps": 2 / 3,
        "once, concise_sure": -1 / 3,
        "always, concise_sure": -1 / 3,
        "once, at random": 1 / 6,
        "always, at random": 1 / 6,
    }
    assert ways.keys() == known.keys()
    for way, gain in known.items():
        told = ways[way]
        assert told["low"] - 0.02 <= gain <= told["high"] + 0.02, way
        assert told["high"] - told["low"] < 0.3
        assert 30 < told["worth"] <= 1200
    desk.questions(range(15, 45))
    desk.run("policy: {kind: lin_ts}\nmax_turns: 2\n", "--name", "unstated")
    assert desk.summary()["other_ways"] is None


MINE = "policy: {fixed: mine}\nmax_turns: 1\nreprompts: bank.json\n"


def bank(desk: Desk, words: str) -> None:
    (desk.folder / "bank.json").write_text(json.dumps([{"id": "mine", "text": words}]))


@pytest.mark.slow
@pytest.mark.parametrize("becomes", ["edited", "gone", "broken"])
def test_a_run_goes_on_with_the_words_that_it_began_with_and_says_so(desk: Desk, becomes: str) -> None:
    bank(desk, "Take it step by step.")
    assert desk.run(MINE + "budget: {calls: 9}\n").code == 3
    if becomes == "edited":
        bank(desk, "Shout.")
    elif becomes == "gone":
        (desk.folder / "bank.json").unlink()
    else:
        (desk.folder / "bank.json").write_text("[")
    gone_on = desk.call("runs", "resume", desk.place.name, "--set", "budget.calls=null", "--quiet")
    assert gone_on.code == 0, gone_on.err
    assert ("bank.json held something else when this run began" in gone_on.err) == (becomes == "edited")
    traces = desk.lines("traces_*.jsonl")
    assert len(traces) == 12
    assert {trace["turns"][1]["prompt_text"] for trace in traces} == {"Take it step by step."}
    assert desk.call("report", desk.place.name, "-o", "report.html").code == 0
    assert "step by step" in (desk.folder / "report.html").read_text()
    assert desk.call("policy", "show", desk.place.name).code == 0
    if becomes == "edited":
        anew = desk.call("run", "spec.yaml", "--fresh", "--set", "budget.calls=null", "--quiet")
        assert anew.code == 0 and "began" not in anew.err
        assert {trace["turns"][1]["prompt_text"] for trace in desk.lines("traces_*.jsonl")} == {"Shout."}


@pytest.mark.parametrize(("was", "now"), [("twice 3?", "twice 3 again?"), ("3?,6", "3?,7")])
def test_a_run_does_not_go_on_with_other_questions(desk: Desk, was: str, now: str) -> None:
    assert desk.run(STEPS + "max_turns: 1\nbudget: {calls: 9}\n").code == 3
    file = desk.folder / "twice.csv"
    file.write_text(file.read_text().replace(was, now))
    gone_on = desk.call("runs", "resume", desk.place.name, "--set", "budget.calls=null", "--quiet")
    assert gone_on.code == 1
    assert "trial 2 asked the question 'n3', which has other words or another reference now" in gone_on.err
    file.write_text(file.read_text().replace(now, was))
    assert desk.call("runs", "resume", desk.place.name, "--set", "budget.calls=null", "--quiet").code == 0


@pytest.mark.slow
def test_the_default_policy_tells_what_other_ways_are_worth_and_that_it_knows_little_of_some(desk: Desk) -> None:
    """The world of the test before; most questions are not asked again."""
    desk.questions(range(15, 1215))
    desk.run("max_turns: 2\nreprompts: [neutral_steps, concise_sure]\nreward: {token_price: 0}\n")
    assert all(0 < each["propensity"] <= 1 for each in desk.lines("decisions.jsonl"))
    ways = desk.summary()["other_ways"]
    for way, gain in {"once, neutral_steps": 2 / 3, "once, concise_sure": -1 / 3, "once, at random": 1 / 6}.items():
        told = ways[way]
        assert told["low"] <= gain <= told["high"], way
    assert ways["once, neutral_steps"]["low"] > 0.3, "what the policy found is surely worth it"
    assert ways["once, concise_sure"]["worth"] < ways["once, neutral_steps"]["worth"]
    (desk.folder / "steps.yaml").write_text("policy: {fixed: neutral_steps}\n")
    told = json.loads(desk.call("policy", "evaluate", desk.place.name, "--policy", "steps.yaml", "--json").out)
    assert (told["per"], told["scale"]) == ("trial", None)
    earned = told["estimates"]["earned"]["mean"]
    assert earned == pytest.approx(
        desk.summary()["outcome"]["mean_utility"] - desk.summary()["outcome"]["first_accuracy"]["mean"]
    )
    robust = told["estimates"]["doubly_robust"]
    assert robust["low"] <= 2 / 3 <= robust["high"]
