"""Models write rows and fill slots: good ones, ones that chatter, ones that fail; and judges that look at a sample."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.killing import killed_after
from tests.workflows.datagen.conftest import TASK, Desk

SCRIPT = '''
import asyncio, json
from hashlib import blake2b
from loopwright.errors import Rejected, Unavailable
from loopwright.llm import prompts

WORDS = "amber birch cedar dune ember fjord grove heath iris jade knoll lagoon maple north ocean prairie quartz river".split()

def _words(request, place):
    """Words that follow from the request, as those of a model with a seed do."""
    said = repr((request.messages[-1].content, request.seed, place)).encode()
    return " ".join(WORDS[byte % len(WORDS)] for byte in blake2b(said, digest_size=6).digest())

def good(request):
    found = prompts.recognise(request.messages[-1].content)
    if found is None:
        return '{"ok": true}'
    job, slots = found
    label = prompts.read_facts(slots.get("facts", "")).get("label", "")
    if job == "plan":
        return json.dumps({name: [f"{name} one", f"{name} two"] for name in ("facets", "personas", "tones", "formats")})
    if job == "fill_slot":
        return f'"{_words(request, 0)}"'
    if job == "write_row":
        return json.dumps({"text": f"about my {label}: {_words(request, 0)}"})
    if job in ("write_rows", "write_verbalized"):
        rows = [{"text": f"about my {label}: {_words(request, place)}"} for place in range(int(slots["count"]))]
        return json.dumps({"rows": rows})
    if job == "judge":
        return json.dumps({"reason": "so it is", "score": 5 if "amber" in slots["text"] else 4})
    raise Rejected(job)

def chatty(request):
    return "Sure! I would be happy to help you with that. What would you like to know?"

async def slow(request):
    await asyncio.sleep(60)

def alike(request):
    return good(request) if "write" not in request.messages[-1].content else json.dumps(
        {"rows": [{"text": f"about my own {number}"} for number in range(5)]})

async def waiting(request):
    await asyncio.sleep(0.02)
    return good(request)

def starred(request):
    answer = json.loads(good(request))
    rows = answer.get("rows", [answer])
    for place, row in enumerate(rows):
        row["stars"] = 1 + place
    return json.dumps(answer)

def scribbled(request):
    answer = json.loads(good(request))
    answer.get("rows", [])[1:2] = ["by the way"]
    return json.dumps(answer)

def unsure(request):
    answer = json.loads(good(request))
    for place, row in enumerate(answer.get("rows", [])):
        row["probability"] = [0.01, "low", 0.02][place % 3]
    return json.dumps(answer)

def kept(request):
    found = prompts.recognise(request.messages[-1].content)
    if found is not None:
        with open(__file__.replace("script.py", "criteria.txt"), "a") as told:
            print(found.slots["criteria"], file=told)
    return good(request)

def moody(request):
    return "I would rather not." if sum(_words(request, 0).encode()) % 3 == 0 else good(request)

PLANNING = []
async def together(request):
    if prompts.recognise(request.messages[-1].content).job == "plan":
        PLANNING.append(request)
        while len(PLANNING) < 3:
            await asyncio.sleep(0)
    return good(request)

def planless(request):
    return "I would rather not." if prompts.recognise(request.messages[-1].content).job == "plan" else good(request)

def down(request):
    raise Unavailable("out of reach")

def half(request):
    return down(request) if "Name a thing." in request.messages[-1].content else good(request)

def failing(request):
    raise Rejected("this model is out of order")

def short(request):
    found = prompts.recognise(request.messages[-1].content)
    if found.job != "write_rows":
        return good(request)
    return json.dumps({"rows": json.loads(good(request))["rows"][:-1]})
'''
SLOTS = """
grammar:
  start: row
  rules:
    row: [{template: '{"text": "<message>", "label": "<label>"}'}]
    label: [refund, delivery, account]
    message:
      - {llm_fill: {prompt: "One sentence about <label>, casual, 10-20 words."}, weight: 0.6}
      - {template: "hi, a question about my <label> <digit><digit><digit><digit>", weight: 0.4}
    digit: [1, 2, 3, 4, 5, 6, 7, 8, 9]
"""


def model(function: str, id: str = "writer") -> str:
    return f"  - {{id: {id}, provider: scripted, script: 'script:{function}'}}\n"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    (desk.folder / "script.py").write_text(SCRIPT)
    return desk


def test_a_model_plans_and_writes_rows_with_the_labels_that_are_wanted(desk: Desk) -> None:
    ended = desk.run(f"{TASK}\nmodels:\n{model('good')}\ntarget: {{accepted: 60}}")
    assert ended.code == 0
    assert "naive." in ended.out
    rows = desk.rows()
    assert len(rows) == 60
    for row in rows:
        assert row["data"]["label"] in row["data"]["text"]
        assert list(row["data"]) == ["text", "label"]
        assert row["lineage"]["model"] == "writer"
        assert len(row["lineage"]["prompts"]) == 1
        assert len(row["lineage"]["calls"]) == 1
        assert row["usage"]["input_tokens"] > 0
    stages = desk.call("runs", "show", str(desk.place)).out
    assert "plan writer refund" in stages


def test_labels_are_planned_side_by_side(desk: Desk) -> None:
    waits = model("together").replace("}\n", ", limits: {timeout_s: 5, retries: 0}}\n")
    assert desk.run(f"{TASK}\nmodels:\n{waits}\narms: [{{id: whole, kind: naive}}]\ntarget: {{accepted: 10}}").code == 0


def test_a_model_that_cannot_plan_writes_all_the_same_and_it_is_said(desk: Desk) -> None:
    recipe = f"{TASK}\nmodels:\n{model('planless')}\narms: [{{id: whole, kind: naive}}]\ntarget: {{accepted: 20}}"
    ended = desk.run(recipe)
    assert ended.code == 0
    assert "warning: writer gave no plan, and its rows of refund vary by chance alone: the answer holds no" in ended.err
    assert all("facet" not in row["lineage"]["facts"] for row in desk.rows())


def test_a_model_fills_the_slots_of_a_grammar(desk: Desk) -> None:
    assert (
        desk.run(f"{TASK}{SLOTS}\nmodels:\n{model('good')}\narms: [{{id: t, kind: templater}}]\ntarget: {{accepted: 40}}").code
        == 0
    )
    rows = desk.rows()
    filled = [row for row in rows if "calls" in row["lineage"]]
    assert 10 < len(filled) < 40
    assert all('"' not in row["data"]["text"] for row in filled)


def test_default_arms_write_whole_and_from_the_grammar(desk: Desk) -> None:
    ended = desk.check(f"{TASK}{SLOTS}\nmodels:\n{model('good')}\ntarget: {{accepted: 40}}")
    ways = ("conservative", "balanced", "creative")
    assert f"arms: {', '.join(f'{kind}.{way}' for kind in ('naive', 'templater') for way in ways)}" in ended.out


def test_baselines_are_runs_of_their_own(desk: Desk) -> None:
    recipe = f"{TASK}{SLOTS}\nmodels:\n{model('good')}\ntarget: {{accepted: 60}}"
    places = []
    for given in ("uniform", "fixed:templater.balanced", "epsilon_greedy:0.5", "{kind: thompson}"):
        ended = desk.run(recipe, "--policy", given, "--json")
        assert ended.code == 0
        places.append(Path(json.loads(ended.out.splitlines()[-1])["folder"]))
    arms = [{row["lineage"]["arm"] for row in desk.rows(place=place)} for place in places]
    assert arms[1] == {"templater.balanced"}
    assert len(arms[0]) > 2
    assert len(set(places)) == 4


def test_a_baseline_of_an_arm_that_is_not_there_names_those_that_are(desk: Desk) -> None:
    ended = desk.run(f"{TASK}{SLOTS}\nmodels:\n{model('good')}\ntarget: {{accepted: 60}}", "--policy", "fixed:templater.bald")
    assert ended.code == 2
    assert "no arm is called 'templater.bald'" in ended.err
    assert "expected one of naive.conservative, naive.balanced, naive.creative, templater.conservative" in ended.err
    assert not desk.runs()


@pytest.mark.parametrize("bad", ["chatty", "failing"])
def test_an_arm_that_always_fails_is_switched_off_where_all_can_see_it(desk: Desk, bad: str) -> None:
    arms = "arms:\n  - {id: worse, kind: naive, model: bad}\n  - {id: better, kind: naive, model: writer}\n"
    ended = desk.run(f"{TASK}\nmodels:\n{model('good')}{model(bad, 'bad')}\n{arms}\npolicy: uniform\ntarget: {{accepted: 150}}")
    assert ended.code == 0, ended
    assert len(desk.rows()) == 150
    events = desk.call("runs", "show", str(desk.place), "--events").out
    assert '"arm":"worse"' in events
    assert "all rows of 5 batches in a row failed" in events
    summary = next(line for line in ended.out.splitlines() if line.startswith("worse "))
    assert summary.endswith("all rows of 5 batches in a row failed")
    rejects = [row for row in desk.rows("rejects.jsonl") if row["lineage"]["arm"] == "worse"]
    assert 50 <= len(rejects) <= 90  # five batches, and those that were under way meanwhile
    why = "no complete JSON value" if bad == "chatty" else "out of order"
    assert all(row["rejected_by"] == "written" and why in row["reason"] for row in rejects)
    assert all(row["lineage"]["calls"] for row in rejects), "what came to nothing was paid for all the same"


def test_the_last_arm_is_never_switched_off(desk: Desk) -> None:
    ended = desk.run(f"{TASK}\nmodels:\n{model('chatty')}\ntarget: {{accepted: 20}}")
    assert ended.code == 4
    assert "gave up: none of the first 10" in ended.out
    assert (
        "rejects failed at written, the last because: BadAnswer: the answer holds no complete JSON value: 'Sure!" in ended.out
    )
    assert 100 <= len(desk.rows("rejects.jsonl")) < 110
    assert "target.batches=100 goes on with this one" in ended.out
    again = desk.call("runs", "resume", str(desk.place), "--set", "target.batches=100")
    assert again.code == 4
    assert "gave up: none of the last 50" in again.out
    assert 500 <= len(desk.rows("rejects.jsonl")) < 510


def test_rows_that_a_model_left_out_are_rejects(desk: Desk) -> None:
    assert (
        desk.run(f"{TASK}\nmodels:\n{model('short')}\narms: [{{id: whole, kind: naive}}]\ntarget: {{accepted: 30}}").code == 0
    )
    assert any("rows" in row["reason"] and row["data"] is None for row in desk.rows("rejects.jsonl"))


def test_a_judge_that_looks_at_every_row_gives_the_reward_its_quality(desk: Desk) -> None:
    judge = "validators:\n  judge: {model: judge, threshold: 0.5}\n"
    arms = "arms: [{id: whole, kind: naive}]\n"
    desk.run(f"{TASK}\nmodels:\n{model('good')}{model('good', 'judge')}\n{judge}{arms}\ntarget: {{accepted: 30}}")
    rows = desk.rows()
    assert {row["scores"]["judge"] for row in rows} <= {0.75, 1.0}
    rewards = desk.call("runs", "export", str(desk.place), "--what", "rewards").out
    parts = [json.loads(reward)["parts"] for reward in rewards.splitlines()]
    assert all(each["judged"] == each["passed"] for each in parts)


def test_a_judge_of_a_sample_leaves_the_other_rows_to_the_other_validators(desk: Desk) -> None:
    judge = "validators:\n  judge: {model: judge, threshold: 0.9, sample: 0.2}\n"
    ended = desk.run(f"{TASK}\nmodels:\n{model('good')}{model('good', 'judge')}\n{judge}\ntarget: {{accepted: 100}}")
    assert ended.code == 0
    judged = [row for row in desk.rows() if "judge" in row["scores"]]
    assert 0 < len(judged) < 40
    assert all(row["scores"]["judge"] == 1.0 for row in judged)
    assert {row["rejected_by"] for row in desk.rows("rejects.jsonl")} >= {"judge"}


def test_a_run_of_models_that_is_killed_comes_to_the_same_rows(desk: Desk) -> None:
    recipe = f"{TASK}{SLOTS}\nmodels:\n{model('good')}\ntarget: {{accepted: 80}}"
    desk.run(recipe, "--set", "budget.calls=40")
    first = desk.place
    assert desk.call("runs", "resume", str(first), "--set", "budget.calls=4000", "--quiet").code == 0
    rows = [row["data"] for row in desk.rows(place=first)]
    desk.run(recipe, "--fresh")
    (second,) = (store.parent for store in desk.runs() if store.parent != first)
    assert [row["data"] for row in desk.rows(place=second)] == rows


def test_a_fixed_arm_is_never_switched_off(desk: Desk) -> None:
    arms = "arms:\n  - {id: worse, kind: naive, model: bad}\n  - {id: better, kind: naive, model: writer}\n"
    models = f"models:\n{model('good')}{model('chatty', 'bad')}"
    ended = desk.run(f"{TASK}\n{models}\n{arms}\npolicy: {{fixed: worse}}\ntarget: {{accepted: 20}}")
    assert ended.code == 4
    assert "gave up" in ended.out


def test_a_batch_that_passes_its_deadline_fails_alone(desk: Desk) -> None:
    ended = desk.run(
        f"{TASK}\nmodels:\n{model('slow')}\ntarget: {{accepted: 20, batches: 2}}\ntrial_deadline_s: 0.2\n"
        "arms: [{id: slow, kind: naive, params: {plan: 0}}]"
    )
    assert ended.code == 4
    assert "trials   2, 2 failed" in ended.out
    assert "target.batches reached: 2 batches have settled" in ended.out
    assert desk.rows() == []


def test_a_batch_whose_rows_are_too_alike_is_rejected(desk: Desk) -> None:
    ended = desk.run(
        f"models:\n{model('alike')}\nvalidators: {{diversity: {{min: 0.9, field: text}}}}\n"
        "arms: [{id: same, kind: naive, params: {plan: 0}}]\ntarget: {accepted: 60, batches: 3}"
    )
    assert ended.code == 4
    reject = desk.rows("rejects.jsonl")[0]
    assert reject["rejected_by"] == "diversity"
    assert "distinct_2 of 5 rows is" in reject["reason"]
    assert reject["scores"]["diversity"] < 0.9


def test_a_contextual_policy_sees_how_the_run_stands(desk: Desk) -> None:
    ended = desk.run(f"{TASK}{SLOTS}\nmodels:\n{model('good')}\npolicy: {{linucb: 0.3}}\ntarget: {{accepted: 100}}")
    assert ended.code == 0, ended.err
    shown = desk.call("policy", "show", str(desk.place)).out
    assert all(feature in shown for feature in ("progress (0 to 1)", "deficit (0 to 1)", "rejects (0 to 1)"))


def test_a_seed_is_shown_to_the_model_and_told_of_the_row(desk: Desk) -> None:
    (desk.folder / "seeds.csv").write_text("message,intent\nwhere is my parcel,delivery\nmoney back please,refund\n")
    seeds = "seeds: {path: seeds.csv, fields: {text: message, label: intent}}"
    desk.run(f"{TASK}\n{seeds}\nmodels:\n{model('good')}\ntarget: {{accepted: 40}}")
    seeded = [row for row in desk.rows() if "parents" in row["lineage"]]
    assert {tuple(row["lineage"]["parents"]) for row in seeded} == {("seed-0",), ("seed-1",)}
    assert all(row["lineage"]["parents"] == [f"seed-{('delivery', 'refund').index(row['data']['label'])}"] for row in seeded)
    origin = desk.call("runs", "trace", str(desk.place), seeded[0]["id"]).out
    assert seeded[0]["lineage"]["parents"][0] in origin


def test_rows_of_a_schema_keep_to_it_whatever_else_is_wanted(desk: Desk) -> None:
    schema = """
constraints:
  schema:
    type: object
    properties: {text: {type: string}, stars: {type: integer, minimum: 1, maximum: 5}}
    required: [text, stars]
    additionalProperties: false
"""
    recipe = f"{TASK}\n{schema}\nmodels:\n{model('starred')}\narms: [{{id: whole, kind: naive}}]\ntarget: {{accepted: 30}}"
    for _ in range(2):  # the second time it goes on with the first
        assert desk.run(recipe).code == 0
    assert all(set(row["data"]) == {"text", "stars"} for row in desk.rows())
    assert {row["lineage"]["facts"]["label"] for row in desk.rows()} == {"refund", "delivery", "account"}
    assert desk.about()["labels"]["delivery"]["rows"] == 12


@pytest.mark.parametrize("arm", ["naive, params: {plan: 0, rows_per_call: 1}", "templater"])
def test_a_row_that_the_fallback_wrote_is_not_said_to_be_of_the_model_that_was_asked(desk: Desk, arm: str) -> None:
    models = model("down").replace("}\n", ", fallback: other, limits: {retries: 0}}\n") + model("good", "other")
    recipe = f"{TASK}{SLOTS}\nmodels:\n{models}\narms: [{{id: t, model: writer, kind: {arm}}}]\ntarget: {{accepted: 20}}"
    assert desk.run(recipe).code == 0
    assert {row["lineage"]["model"] for row in desk.rows() if "calls" in row["lineage"]} == {"other"}


def test_a_row_of_several_models_is_said_to_be_of_each_of_them(desk: Desk) -> None:
    models = model("half").replace("}\n", ", fallback: other, limits: {retries: 0}}\n") + model("good", "other")
    slots = "thing: [{llm_fill: {prompt: Name a thing.}}], said: [{llm_fill: {prompt: One sentence.}}]"
    grammar = f"""grammar: {{start: row, rules: {{row: ['{{"text": "<thing>: <said>"}}'], {slots}}}}}"""
    assert desk.run(f"{grammar}\nmodels:\n{models}\narms: [{{id: t, kind: templater}}]\ntarget: {{accepted: 5}}").code == 0
    assert {row["lineage"]["model"] for row in desk.rows()} == {"other, writer"}
    told = json.loads(desk.call("runs", "export", str(desk.place), "--as", "prov").out)
    agents = [ends["prov:agent"] for ends in told["wasAttributedTo"].values()]
    assert set(agents) == {"lw:model/other", "lw:model/writer"} <= told["agent"].keys()


@pytest.mark.parametrize("judge", ["critic", '{model: critic, criteria: "short, natural."}'])
def test_the_judge_is_asked_about_facts_that_no_rule_can_tell(desk: Desk, judge: str) -> None:
    facts = "constraints: {facts: [at most two sentences, no profanity, polite]}"
    models = model("good") + model("kept", "critic")
    recipe = f"{TASK}{facts}\nmodels:\n{models}\nvalidators: {{judge: {judge}}}\ntarget: {{accepted: 10}}"
    told = desk.check(recipe).out
    assert 'chosen: judge for "no profanity": no rule can tell, so it is among the criteria' in told and "left:" not in told
    assert desk.run(recipe).code == 0
    asked = (desk.folder / "criteria.txt").read_text().splitlines()
    assert asked and all(each.endswith(". It keeps to all of this: no profanity; polite") for each in asked)


@pytest.mark.parametrize("arm", ["naive, params: {plan: 0, rows_per_call: 2}", "templater"])
def test_what_answers_of_no_use_have_cost_is_said_with_the_rejects_they_made(desk: Desk, arm: str) -> None:
    recipe = f"{TASK}{SLOTS}\nmodels:\n{model('moody')}\narms: [{{id: t, kind: {arm}}}]\ntarget: {{accepted: 20}}\nwindow: 1"
    assert desk.run(recipe).code == 0
    calls = [
        json.loads(line)
        for line in desk.call("runs", "show", str(desk.place), "--calls", "--json", "--limit", "999").out.splitlines()
    ]
    rows = [*desk.rows(), *desk.rows("rejects.jsonl")]
    for name in ("input_tokens", "output_tokens"):
        assert sum(row["usage"].get(name, 0) for row in rows) == sum(call[name] for call in calls) > 0
    lost = [row for row in desk.rows("rejects.jsonl") if row["rejected_by"] == "written"]
    assert arm == "templater" or (lost and all(row["usage"]["output_tokens"] > 0 and row["lineage"]["calls"] for row in lost))


def test_a_row_that_does_not_fit_leaves_the_others_of_its_answer_alone(desk: Desk) -> None:
    fields = "text: {type: string}, stars: {type: integer, maximum: 2}"
    schema = f"constraints: {{schema: {{properties: {{{fields}}}, required: [text, stars]}}}}"
    arm = "[{id: whole, kind: naive, params: {plan: 0, rows_per_call: 3}}]"
    assert desk.run(f"{schema}\nmodels:\n{model('starred')}\narms: {arm}\ntarget: {{accepted: 20}}").code == 0
    rejects = [each for each in desk.rows("rejects.jsonl") if each["rejected_by"] == "schema"]
    assert {each["reason"] for each in rejects} == {"at stars: 3 is greater than the maximum of 2"}
    assert {each["data"]["stars"] for each in rejects} == {3} and {row["data"]["stars"] for row in desk.rows()} == {1, 2}


@pytest.mark.parametrize(
    ("writer", "kind", "params"),
    [("scribbled", "naive", "plan: 0, rows_per_call: 3"), ("unsure", "verbalized", "plan: 0, rows_per_call: 3, candidates: 1")],
)
def test_what_is_no_row_leaves_the_others_of_its_answer_alone(desk: Desk, writer: str, kind: str, params: str) -> None:
    arm = f"[{{id: whole, kind: {kind}, params: {{{params}}}}}]"
    assert desk.run(f"models:\n{model(writer)}\narms: {arm}\ntarget: {{accepted: 20}}").code == 0
    lost = [each for each in desk.rows("rejects.jsonl") if each["rejected_by"] == "written"]
    assert lost and all(row["data"]["text"].startswith("about my") for row in desk.rows())
    assert all("is no row" in each["reason"] for each in lost)
    assert len(desk.rows()) == 20


@pytest.mark.parametrize(
    ("field", "labels", "values"),
    [
        ("{type: integer, minimum: 1, maximum: 5}", '{"1": 0.25, "5": 0.75}', [1, 5]),
        ("{enum: [true, false]}", '{"true": 0.25, "false": 0.75}', [True, False]),
        ('{type: string, pattern: "^[0-9]$"}', '{"1": 0.25, "5": 0.75}', ["1", "5"]),
    ],
)
def test_labels_are_what_the_schema_says_of_their_field(desk: Desk, field: str, labels: str, values: list[object]) -> None:
    schema = (
        f"constraints: {{schema: {{type: object, properties: {{text: {{type: string}}, grade: {field}}}, required: [text]}}}}"
    )
    recipe = f"task: {{label: grade, labels: {labels}}}\n{schema}\nmodels:\n{model('good')}\ntarget: {{accepted: 20}}"
    assert desk.run(recipe).code == 0
    assert [[row["data"]["grade"] for row in desk.rows()].count(value) for value in values] == [5, 15]


@pytest.mark.parametrize("named", ["$defs", "definitions"])
def test_parts_of_a_schema_may_have_names(desk: Desk, named: str) -> None:
    parts = "{Text: {type: string}, Intent: {enum: [refund, delivery, account]}}"
    fields = f"{{text: {{$ref: '#/{named}/Text'}}, label: {{$ref: '#/{named}/Intent'}}}}"
    row = f"type: object, properties: {fields}, required: [text, label]"
    for schema in (f"{row}, {named}: {parts}", f"$ref: '#/{named}/Row', {named}: {{Row: {{{row}}}, {parts[1:]}"):
        given = f"constraints: {{schema: {{{schema}}}}}"
        assert desk.run(f"{TASK}{given}\nmodels:\n{model('good')}\ntarget: {{accepted: 20}}", "--fresh").code == 0


def test_labels_without_a_field_of_their_name_are_balanced_all_the_same(desk: Desk) -> None:
    schema = "constraints: {schema: {type: object, properties: {text: {type: string}}, required: [text]}}"
    recipe = f"task: {{label: intent, labels: [one, two]}}\n{schema}\nmodels:\n{model('good')}\ntarget: {{accepted: 20}}"
    assert "assumed: rows have no field 'intent': which label each has stands in its lineage alone" in desk.check(recipe).out
    assert desk.run(recipe).code == 0
    assert [desk.about()["labels"][label]["rows"] for label in ("one", "two")] == [10, 10]


@pytest.mark.slow
def test_kills_between_calls_change_nothing(desk: Desk, tmp_path: Path) -> None:
    judge = "validators: {judge: {model: writer, threshold: 0.5, sample: 0.5}, deduplication: {field: text}}"
    recipe = f"{TASK}{SLOTS}\nmodels:\n{model('waiting')}\n{judge}\ntarget: {{accepted: 100}}"
    whole = Desk(tmp_path / "whole")
    whole.folder.mkdir()
    (whole.folder / "script.py").write_text(SCRIPT)
    whole.run(recipe)
    name = desk.write(recipe)
    for trials in (2, 9):
        killed_after(trials, desk.folder, "run", name)
    assert desk.call("run", name, "--quiet").code == 0
    assert desk.about()["version"] == whole.about()["version"]
    assert desk.call("runs", "diff", str(desk.place), str(whole.place), "--tables").code == 0
