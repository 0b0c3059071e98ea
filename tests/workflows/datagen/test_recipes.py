"""What is wrong with a recipe is said when it is read, where it stands; what is left open is said, too."""

from __future__ import annotations

import json

import pytest
from tests.workflows.datagen.conftest import FREE, GRAMMAR, TASK, Desk

from loopwright.store.reader import RunReader
from loopwright.store.rows import TABLES

TARGET = "target: {accepted: 20}\n"
MODEL = 'models: [{id: writer, provider: scripted, script: ["x"]}]\n'


def rules(text: str) -> str:
    return f"grammar:\n  start: row\n  rules:\n{text}"


ROW = '    row: [{template: \'{"text": "<message>"}\'}]\n'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (rules(ROW + "    message: [hi]\n    spare: [x]\n"), "grammar.rules.spare: is never used"),
        (rules(ROW + "    message: [<greting>]\n    greeting: [hi]\n"), "<greting> is no rule"),
        (rules(ROW + "    message: [<message> again]\n"), "grammar.rules.message: never ends"),
        (rules(ROW + "    message: [{template: hi, weight: -1}]\n"), "grammar.rules.message[0].weight: does not fit"),
        (rules(ROW + "    message: [{template: hi, weight: 0}]\n"), "has only weights of 0"),
        (GRAMMAR + "task: {labels: {refund: 0.5, delivry: 0.5}}\n", "task.labels.delivry: is never drawn"),
        (
            rules('    row: [\'{"text": "a", "label": "b"}\']\n') + "task: {labels: [b, c]}\n",
            "has no rule 'label', and task.labels gives its shares; expected a rule 'label' that gives b, c",
        ),
        (
            MODEL + "constraints: {schema: {type: object, properties: {text: {type: string, minLength: 5, maxLength: 2}}, "
            "required: [text]}}\n",
            "constraints.schema: no row can satisfy it",
        ),
        (
            MODEL + "task: {labels: {good: 1}}\nconstraints: {schema: {type: object, properties: {text: {type: string}, "
            "label: {enum: [bad]}}}}\n",
            "task.labels.good: is wanted, and no row of the schema can have it",
        ),
        (
            MODEL + 'task: {labels: {"1.5": 1, "2.50": 1}}\nconstraints: {schema: {type: object, properties: {text: {type: '
            "string}, label: {type: number}}}}\n",
            'task.labels["2.50"]: is wanted, and no row of the schema can have it',
        ),
        (
            MODEL + "constraints: {schema: {$id: 'https://example.com/row.json', type: object, $defs: {T: {type: string}}, "
            "properties: {text: {$ref: 'row.json#/$defs/T'}}}}\n",
            "constraints.schema: as a list of rows, is not a usable JSON Schema",
        ),
        ("", "arms: there is nothing that could write rows"),
        (MODEL + "arms: []\n", "arms: lists none, and so nothing could write rows; expected at least one, or default"),
        (
            GRAMMAR + "validators: {length: {max_words: 3, field: txet}}\n",
            "validators.length.field: looks at 'txet', which no row has",
        ),
        (
            GRAMMAR + "validators: {entailment: {premise: <lable>, hypothesis: <text>}}\n",
            "validators.entailment.premise: looks at 'lable', which no row has; expected one of",
        ),
        (
            MODEL + "validators: {entailment: {premise: <label>, hypothesis: <text>, values: {label: [a, b]}}}\n",
            "validators.entailment.premise: looks at 'label', which no row has",
        ),
        (
            MODEL + "validators: {entailment: {premise: <text>, hypothesis: <text>}}\n",
            "validators.entailment: tells by rule which value of text a text speaks of, and knows no two",
        ),
        (
            GRAMMAR + "validators: {entailment: {premise: <greeting>, hypothesis: <text>}}\n",
            "validators.entailment.premise: looks at 'greeting', of which a row has no one value; expected that rule among",
        ),
        (
            MODEL + "validators: {label: {keywords: {a: [x]}}}\n",
            "validators.label.label: looks at 'label', which no row has",
        ),
        (
            MODEL + "task: {labels: [a, b]}\nvalidators: {label: {keywords: {a: [x]}}}\n",
            "validators.label.keywords: leaves out the label 'b', of which rows are wanted",
        ),
        (
            MODEL + "validators: {schema: {schema: {type: object, required: [topic]}}}\n",
            "validators.schema.schema: no row of this recipe can satisfy it",
        ),
        (
            MODEL + "validators: {diversity: {min: 0.3, n: 50}}\n",
            "validators.diversity.n: is taken of 50 rows, and a batch has 10: it would never be",
        ),
        (
            MODEL + "batch_size: 1\nvalidators: {diversity: 0.3}\n",
            "validators.diversity: is taken of 2 rows, and a batch has 1",
        ),
        (
            MODEL + "validators: {judge: {model: writer, sample: 0}}\n",
            "validators.judge.sample: does not fit; expected more than 0",
        ),
        (GRAMMAR + "validators: {lenght: {max_words: 3}}\n", "did you mean 'length'?"),
        (GRAMMAR + "validators: {judge: {model: writer}}\n", "validators.judge.model: names a model that is not there"),
        (
            MODEL + "constraints: {facts: [at most two sentences, in German,\n  at least three sentences]}\n",
            'recipe.yaml:5: constraints.facts[2]: "at least three sentences" leaves no row beside constraints.facts[0], '
            '"at most two sentences": no text has at least 3 sentences and at most 2 sentences; expected one of the two',
        ),
        (
            MODEL + "constraints: {facts: [at least 50 words]}\nvalidators: {length: {field: text, max_words: 20}}\n",
            'constraints.facts[0]: "at least 50 words" leaves no row beside validators.length: no text has',
        ),
        (
            MODEL + "validators: {format.a: {name: date, field: text}, format.b: {name: uuid, field: text}}\n",
            'validators["format.b"]: leaves no row beside validators["format.a"]: no text is a date and a UUID',
        ),
        (GRAMMAR + "reward: {quality: judge}\n", "reward.quality: names no validator of this recipe"),
        (
            GRAMMAR + "validators: {length: {max_words: 9}, language: en}\nreward: {quality: length}\n",
            "reward.quality: names 'length', which gives no score to a row that passes; expected language",
        ),
        (GRAMMAR + "reward: {diversity_weight: 0.3}\n", "reward.diversity_weight: weighs how new rows are"),
        (
            "models: [{id: w, provider: openai, model: my-own, base_url: 'http://127.0.0.1:1/v1'}]\nreward: {cost_weight: 2}\n",
            "reward.cost_weight: weighs what rows cost, and the price of 'w' is unknown",
        ),
        (GRAMMAR + "arms: [{id: a, kind: naive}]\n", "the arm 'a' cannot write: there is no model to write rows"),
        (MODEL + "arms: [{id: a, kind: templater}]\n", "the arm 'a' cannot write: there is no grammar"),
        (MODEL + "arms: [{id: a, kind: niave}]\n", "arms[0].kind: no generator is called 'niave'"),
        (MODEL + "arms: [{id: a, kind: naive, model: writr}]\n", "did you mean 'writer'?"),
        (MODEL + "arms: [{id: a, kind: naive, params: {temprature: 1}}]\n", "arms[0].params.temprature: is not a known key"),
        (MODEL + "arms: [{id: a, kind: naive}, {id: a, kind: naive}]\n", "arms[1].id: is the id of arms[0] too"),
        (MODEL + "arms: [{id: a, kind: retrieval}]\n", "arms[0].params.folder: is missing"),
        (MODEL + "arms: [{id: a, kind: retrieval, params: {folder: x, checker: writr}}]\n", "checker 'writr' is no model"),
        (
            "models: [{id: t, provider: tiny}]\narms: [{id: a, kind: evolve}, {id: b, kind: verbalized}]\n",
            "the embedded model was not taught the prompt `evolve_row`",
        ),
        (MODEL + "arms: [{id: a, kind: naive}, {id: b, kind: target_errors}]\n", "there is no `evaluation` whose mistakes"),
        (MODEL + "arms: [{id: a, kind: repair}, {id: b, kind: evolve}]\n", "each builds on rows that are there already"),
        (
            MODEL + "arms: [{id: a, kind: naive}, {id: b, kind: repair}]\npolicy: {fixed: b}\n",
            "the arm 'b' is not on offer before",
        ),
        (MODEL + "arms: [{id: a, kind: chain, params: {chain: [naive]}}]\n", "arms[0].params.chain"),
        (MODEL + "arms: [{id: a, kind: chain, params: {chain: [evolve, naive]}}]\n", "naive writes rows of its own"),
        (
            MODEL + "arms: [{id: a, kind: chain, params: {chain: [templater, repair]}}]\n",
            "its step templater: there is no grammar",
        ),
        (MODEL + "arms: [{id: a, kind: chain, params: {chain: [naive, {evolve: {nearr: 1}}]}}]\n", "did you mean 'near'?"),
        (
            MODEL + "arms: [{id: a, kind: chain, params: {chain: [naive, {kind: evolve, model: writr}]}}]\n",
            "did you mean 'writer'?",
        ),
        (MODEL + "arms: [{id: a, kind: chain, params: {chain: [naive, evlove]}}]\n", "did you mean 'evolve'?"),
        (MODEL + "task: {labels: {a: 0, b: 0}}\n", "wants no label at all"),
        (MODEL + "policy: {fixed: naive.bold}\n", "policy.fixed.arm: no arm is called 'naive.bold'"),
        (
            MODEL
            + "task: {label: stars, labels: {'7': 1}}\nconstraints: {schema: {type: object, properties: {text: {type: string}, "
            "stars: {type: integer, maximum: 5}}}}\n",
            'can have it as its \'stars\'; expected one that fits {"type":"integer","maximum":5}',
        ),
        (
            f"{GRAMMAR}constraints: {{schema: {{type: object, required: [text, city]}}}}\n",
            "constraints.schema: no row of the grammar can satisfy it; expected one that fits what is derived",
        ),
        (rules("    row: [hello]\n"), "makes a row that is text, and the schema asks for an object"),
        (GRAMMAR + "policy: {kind: epsilon_greedy, epsilon_start: 0.3}\n", "epsilon_start by epsilon_decay: give both"),
    ],
    ids=lambda text: text[-40:].strip(),
)
def test_a_mistake_is_found_where_it_stands(desk: Desk, text: str, said: str) -> None:
    ended = desk.check(text + TARGET)
    assert ended.code == 2, ended
    assert said in ended.err


REQUIRED = "{type: object, properties: {text: {type: string}}, required: [text]"


@pytest.mark.parametrize(
    "text",
    [
        MODEL + f"constraints: {{schema: {REQUIRED}, allOf: [{{properties: {{note: {{type: string}}}}}}]}}}}\n"
        "validators: {length: {field: note, max_words: 5}}\n",
        rules('    row: [\'{"text": "a", "note": "b"}\']\n') + f"constraints: {{schema: {REQUIRED}}}}}\n"
        "validators: {length: {field: note, max_words: 5}}\n",
        MODEL + f"task: {{label: topic, labels: [a, b]}}\nconstraints: {{schema: {REQUIRED}}}}}\n"
        'validators: {entailment: {premise: <text>, hypothesis: "about <topic>", model: writer}}\n',
        MODEL + f"constraints: {{schema: {REQUIRED[:-1]}, note]}}}}\nvalidators: {{length: {{field: note, max_words: 5}}}}\n",
        MODEL + f"constraints: {{schema: {REQUIRED}, additionalProperties: {{type: string}}}}}}\n"
        "validators: {length: {field: note, max_words: 5}}\n",
        MODEL + f"constraints: {{schema: {REQUIRED}, dependentRequired: {{text: [note]}}}}}}\n"
        "validators: {length: {field: note, max_words: 5}}\n",
    ],
    ids=[
        "of another part of the schema",
        "of the grammar beyond the schema",
        "the label, which rows are not asked to hold",
        "asked for, and not described",
        "one more, as the schema allows",
        "asked for beside another",
    ],
)
def test_what_rows_may_have_is_nothing_that_no_row_has(desk: Desk, text: str) -> None:
    assert desk.call("check", desk.write(f"{text}{TARGET}")).code == 0


@pytest.mark.parametrize(
    "text",
    [
        "task: {labels: {a: 0.5, b: 0.5, c: 0.001}}\nvalidators: {label: {keywords: {a: [x], b: [z]}}}\n",
        "task: {labels: [a, b]}\nvalidators: {label: {model: writer, prompt: judge, labels: [a]}}\n",
        f"task: {{label: topic, labels: [a, b]}}\nconstraints: {{schema: {REQUIRED[:-1]}, topic, label]}}}}\n"
        "validators: {label: {keywords: {c: [x], d: [z]}}}\n",
        "task: {label: topic, labels: [a, b]}\nvalidators: {entailment: {premise: <topic>, hypothesis: <text>}}\n",
    ],
    ids=["of which no row is wanted", "for a judge, who is told none", "of another field", "by the name that the recipe gives"],
)
def test_a_validator_need_not_know_other_labels_than_it_looks_at(desk: Desk, text: str) -> None:
    ended = desk.check(f"{MODEL}{text}{TARGET}")
    assert ended.code == 0, ended


def test_the_label_may_be_of_the_same_kind_as_another_field(desk: Desk) -> None:
    fields = "text: {type: string}, kind: {enum: [a, b]}, label: {$ref: '#/properties/kind'}"
    schema = f"constraints: {{schema: {{type: object, properties: {{{fields}}}, required: [text]}}}}"
    assert desk.call("check", desk.write(f"{MODEL}task: {{labels: [a, b]}}\n{schema}\n{TARGET}")).code == 0


def test_what_follows_from_a_recipe_is_told(desk: Desk) -> None:
    told = desk.check(FREE + "constraints: {facts: [at most two sentences, sounds like a poem]}\n" + TARGET).out
    assert 'schema, derived from the grammar: {"type":"object"' in told
    assert 'chosen: length for "at most two sentences"' in told
    assert 'left: "sounds like a poem"' in told
    assert "validators: schema, " in told
    told = desk.check(
        f"{MODEL}validators: {{similarity: 0.9}}\nreward: {{quality: similarity, diversity_weight: 0.2}}\n{TARGET}"
    ).out
    assert (
        "reward: the share of a batch that passes, times the score of similarity; 0.2 of it is how new the rows are\n" in told
    )


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ("task: {languages: [de, pt-BR]}\n", "chosen: language for task.languages: de, pt-BR\n"),
        ("task: {languages: [de]}\nconstraints: {facts: [in German]}\n", 'chosen: language for "in German"'),
        ("task: {languages: [tlh]}\n", "left: task.languages tlh: models that write are told, and nothing checks it\n"),
    ],
)
def test_languages_are_checked_where_they_can_be_told(desk: Desk, recipe: str, told: str) -> None:
    said = desk.check(MODEL + recipe + TARGET).out
    assert told in said
    assert said.count("chosen: language") == told.count("chosen: language")


def test_a_language_that_is_none_of_the_tasks_is_held_to_and_told(desk: Desk) -> None:
    said = desk.check(f"{MODEL}task: {{languages: [en, fr]}}\nconstraints: {{facts: [polite, in German]}}\n{TARGET}")
    assert 'chosen: language for "in German"' in said.out
    assert (
        'warning: constraints.facts[1], "in German" is what rows are held to, and task.languages says en, fr: models that '
        "write are told both\n"
    ) in said.err
    agree = desk.check(f"{MODEL}task: {{languages: [en, de]}}\nconstraints: {{facts: [in German]}}\n{TARGET}")
    assert "task.languages says" not in agree.err


def test_what_is_assumed_is_told(desk: Desk) -> None:
    told = desk.check(MODEL + "domain: Classification of texts\n" + TARGET).out
    assert "assumed: with neither schema nor grammar" in told
    assert "assumed: a classification without task.labels" in told
    told = desk.check(MODEL + "task: {labels: {a: 2, b: 6}}\n" + TARGET).out
    assert "assumed: task.labels add up to 8, and are taken as shares: a 0.25, b 0.75" in told


def test_rows_without_a_text_are_told_of(desk: Desk) -> None:
    fields = "{question: {type: string}, answer: {type: string}}"
    recipe = f"{MODEL}constraints: {{schema: {{type: object, properties: {fields}}}}}\n{TARGET}"
    said = "assumed: rows have no field 'text': what looks at their text looks at all their strings; task.text names one"
    assert said in desk.check(recipe).out
    assert "what looks at their text" not in desk.check(f"{recipe}task: {{text: question}}\n").out


def test_facts_are_held_against_validators_that_look_at_the_same_text(desk: Desk) -> None:
    told = "warning: constraints.facts[0], "
    facts = "constraints: {facts: [at least 50 words]}\nvalidators: {length: {max_words: 20"
    assert told in desk.check(f"{GRAMMAR}{facts}}}}}\n{TARGET}").err
    assert told not in desk.check(f"{GRAMMAR}{facts}, field: label}}}}\n{TARGET}").err
    other = "constraints: {schema: {type: object, properties: {text: {type: string}, title: {type: string}}}, "
    assert told not in desk.check(f"{MODEL}{facts.replace('constraints: {', other)}}}}}\n{TARGET}").err


def test_a_run_does_not_begin_with_facts_that_no_row_can_keep_to(desk: Desk) -> None:
    ended = desk.run(f"{MODEL}constraints: {{facts: [in German, in French]}}\n{TARGET}")
    assert ended.code == 2
    assert 'constraints.facts[1]: "in French" leaves no row beside constraints.facts[0], "in German"' in ended.err
    assert not desk.runs()


def test_labels_can_be_listed(desk: Desk) -> None:
    assert desk.run(FREE.replace("{refund: 0.3, delivery: 0.4, account: 0.3}", "[refund, delivery]") + TARGET).code == 0
    assert {name: label["rows"] for name, label in desk.about()["labels"].items()} == {"refund": 10, "delivery": 10}


def test_a_dollar_budget_needs_prices(desk: Desk) -> None:
    model = "models: [{id: writer, provider: openai, model: my-own, base_url: 'http://127.0.0.1:1/v1', max_output_tokens: 9}]\n"
    ended = desk.check(TASK + model + "budget: {usd: 5}\n" + TARGET)
    assert ended.code == 2
    assert "pric" in ended.err


def test_the_schema_of_recipes_is_a_json_schema(desk: Desk) -> None:
    schema = json.loads(desk.call("schema", "datagen").out)
    assert {"grammar", "task", "target", "validators", "arms", "reward"} <= set(schema["properties"])
    assert schema["required"] == ["workflow", "target"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("seeds.csv", "message,intent\nhello,refund\n,delivery\n", "line 3 has no 'message', which is to be 'text'"),
        ("seeds.csv", "messge,intent\nhello,refund\n", "did you mean 'messge'?"),
        ("seeds.csv", "intent,message\nrefund,hello, you\n", "line 2: more cells than the 2 columns"),
        ("seeds.csv", 'message,intent\n"hello,refund\n', "line 2: unexpected end of data; text in quotes ends with one"),
        ("seeds.jsonl", '{"message": "a", "intent": "refund"}\n[1]\n', "line 2: is no JSON object"),
        ("seeds.jsonl", "{", "line 1: "),
        ("seeds.txt", "hello", "a file of rows ends in .csv, .json, .jsonl"),
        ("seeds.csv", "message,intent\n", "holds no row"),
    ],
)
def test_seeds_that_cannot_be_used_end_the_run_with_nothing_lost(desk: Desk, name: str, content: str, said: str) -> None:
    (desk.folder / name).write_text(content)
    recipe = f"{FREE}\nseeds: {{path: {name}, fields: {{text: message, label: intent}}}}\n{TARGET}"
    ended = desk.run(recipe)
    assert ended.code == 2
    assert said in ended.err
    good = "message,intent\nhello,refund\n" if name.endswith(".csv") else '{"message": "hello", "intent": "refund"}\n'
    (desk.folder / name).write_text(good)
    if not name.endswith(".txt"):
        assert desk.run(recipe).code == 0


@pytest.mark.slow
def test_seeds_that_change_are_told_of_and_change_nothing(desk: Desk) -> None:
    seeds = desk.folder / "seeds.jsonl"
    seeds.write_text('{"text": "a first one", "label": "refund"}\n')
    recipe = FREE + "seeds: {path: seeds.jsonl}\n" + TARGET
    assert desk.run(recipe).code == 0
    first = desk.rows()
    again = desk.run(recipe)
    assert "seeds.jsonl" not in again.err
    seeds.write_text('{"text": "another", "label": "refund"}\n')
    told = desk.run(recipe)
    assert told.code == 0 and "warning: seeds.jsonl held something else when this run began" in told.err
    assert "--fresh starts a run with what is there now" in told.err
    seeds.unlink()
    gone = desk.run(recipe)
    assert gone.code == 0 and "seeds.jsonl" not in gone.err
    assert desk.rows() == first


def test_seeds_without_the_fields_of_the_rows_are_not_silently_useless(desk: Desk) -> None:
    (desk.folder / "seeds.csv").write_text("message,intent\nhello,refund\n")
    ended = desk.run(f"{FREE}\nseeds: {{path: seeds.csv}}\n{TARGET}")
    assert ended.code == 2
    assert "line 2 has no 'text'" in ended.err
    assert "line 2 has no 'label'" in ended.err
    assert "name the file's own fields under seeds.fields, as in {text: message}; it has: message, intent" in ended.err


def test_fields_of_seeds_that_are_not_named_keep_their_own_names(desk: Desk) -> None:
    (desk.folder / "seeds.csv").write_text("message,label\nhello,refund\n")
    recipe = f"{TASK}models: [{{id: m, provider: tiny}}]\nseeds: {{path: seeds.csv, fields: {{text: message}}}}\n{TARGET}"
    assert desk.check(recipe).err == ""
    typo = desk.check(recipe.replace("text: message", "txt: message"))
    assert typo.code == 2 and "line 2 has no 'text'" in typo.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("task: {labels: [a, b]}\nevaluation: {dev: dev.csv}\n", "evaluation.dev: "),
        ("task: {labels: [a, b]}\nevaluation: {dev: other.csv}\n", "has no 'label'; did you mean 'lable'?"),
        (
            "arms: [{id: a, kind: naive}, {id: b, kind: retrieval, params: {folder: dev}}]\n",
            "arms[1].params.folder: there is no",
        ),
        (
            "arms: [{id: a, kind: chain, params: {chain: [{retrieval: {folder: dev}}, repair]}}]\n",
            "arms[0].params.chain[0]: there is no",
        ),
    ],
)
def test_files_that_cannot_be_used_are_told_of_before_calls_are_paid_for(desk: Desk, more: str, said: str) -> None:
    (desk.folder / "other.csv").write_text("text,lable\nhello,a\n")
    checked, run = desk.check(MODEL + more + TARGET), desk.run(MODEL + more + TARGET)
    assert (checked.code, run.code) == (2, 2)
    assert said in checked.err and said in run.err
    assert desk.runs() == []


@pytest.mark.parametrize(
    ("validators", "said"),
    [
        ("entailment: {premise: <label>, hypothesis: <text>, nli: models/nli}", "loopwright[nli]"),
        ("similarity: {field: text, max: 0.9, embedder: bert}", "there is no folder bert"),
        ("diversity: {min: 0.1, measure: vendi, embedder: bert}", "there is no folder bert"),
    ],
)
def test_a_validator_that_lacks_its_model_is_told_of_before_calls_are_paid_for(desk: Desk, validators: str, said: str) -> None:
    ended = desk.run(f"task: {{labels: [a, b]}}\n{MODEL}validators: {{{validators}}}\n{TARGET}")
    assert ended.code == 2, ended
    assert said in ended.err
    for store in desk.runs():
        with RunReader.open(store) as reader:
            assert reader.count(TABLES["call"]) == 0


def test_seeds_are_never_written_again(desk: Desk) -> None:
    assert desk.run(FREE + TARGET).code == 0
    written = [row["data"] for row in desk.rows()]
    (desk.folder / "seeds.jsonl").write_text("".join(f'{{"text": "{row["text"]}", "label": "x"}}\n' for row in written))
    desk.run(FREE + "seeds: {path: seeds.jsonl}\n" + TARGET)
    place = next(store.parent for store in desk.runs() if "seed-" in (store.parent / "rejects.jsonl").read_text())
    assert not {row["text"] for row in written} & {row["data"]["text"] for row in desk.rows(place=place)}


def test_check_says_which_fields_are_now_numbers_now_texts(desk: Desk) -> None:
    grammar = """
grammar:
  start: row
  rules:
    row: ['{"text": "<digit>", "guest": {"age": <age>, "nights": <digit>}}']
    age: [{template: "31"}, {template: "<digit><digit>"}]
    digit: [{template: "1"}, {template: "2"}]
target: {accepted: 2}
"""
    shapes = grammar.replace("row: [", """row: ['{"text": "<digit>", "guest": {"age": <age>}}', """)
    for text in (grammar, shapes):
        said = [line for line in desk.check(text).out.splitlines() if line.startswith("  mixed: ")]
        assert said == ["  mixed: guest.age is now a number, now text: what a template puts together of several parts is text"]
