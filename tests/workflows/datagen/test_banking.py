"""Ten intents of BANKING77 with five seeds each: rows from a grammar and the embedded model, judged on real test rows as
scikit-learn judges them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline
from tests.workflows.datagen.conftest import Desk

from loopwright.llm.tiny.serving import WEIGHTS

DATA = Path(__file__).parents[4] / "shared/data/banking77"
SEEDS = 5
PLANTED = 7
INTENTS = (
    "activate_my_card",
    "age_limit",
    "apple_pay_or_google_pay",
    "card_arrival",
    "cash_withdrawal_charge",
    "change_pin",
    "exchange_rate",
    "lost_or_stolen_card",
    "terminate_account",
    "verify_my_identity",
)
RECIPE = """workflow: datagen
name: bank
domain: text_classification
task: {description: Questions that customers of a bank write to its support.}
seeds: {path: seeds.csv}
models: [{id: tiny, provider: tiny}]
grammar:
  start: row
  rules:
    row:
      - {template: '{"text": "<ask> activate my <new> card<end>", "label": "activate_my_card"}'}
      - {template: '{"text": "<how_old> to <open> an account<end>", "label": "age_limit"}'}
      - {template: '{"text": "<ask> top up with <pay><end>", "label": "apple_pay_or_google_pay"}'}
      - {template: '{"text": "<when> my <new> card <arrive><end>", "label": "card_arrival"}'}
      - {template: '{"text": "why was I charged <fee> when I <took> cash<end>", "label": "cash_withdrawal_charge"}'}
      - {template: '{"text": "<ask> change my <pin><end>", "label": "change_pin"}'}
      - {template: '{"text": "<what> exchange rate <rate><end>", "label": "exchange_rate"}'}
      - {template: '{"text": "<lost><help>", "label": "lost_or_stolen_card"}'}
      - {template: '{"text": "<ask> <close> my account<end>", "label": "terminate_account"}'}
      - {template: '{"text": "<ask> verify <who><end>", "label": "verify_my_identity"}'}
      - {template: '{"text": "<parcel>", "label": "card_arrival"}', weight: 0.5}
      - {template: '{"text": "<money>", "label": "cash_withdrawal_charge"}', weight: 0.5}
    parcel: [{llm_fill: {prompt: "One sentence about delivery, casual, 10-20 words."}}]
    money: [{llm_fill: {prompt: "One sentence about refund, casual, 10-20 words."}}]
    ask: [how do I, how can I, I want to, please help me to, where can I, what do I need to do to, I need to]
    new: [new, debit, bank]
    end: ["?", ".", ", please", " today?", " on the app?"]
    how_old: [how old do I need to be, what is the minimum age, what age must my children be, am I too young]
    open: [open, have, get]
    pay: [Apple Pay, Google Pay, my Apple Watch, google pay on my phone]
    when: [when will, why has, how long until, can I track when, I am still waiting until]
    arrive: [arrive, arrive in the mail, come, get delivered, arrived]
    fee: [a fee, extra, a charge]
    took: [withdrew, took out, "got"]
    pin: [PIN, PIN number, card PIN, PIN at an ATM]
    what: [what is the, what, how do you set the, where do I find the]
    rate: [for euros, today, do I get abroad, will be used, on the weekend]
    lost: [I lost my card, my card was stolen, my wallet is gone with my card, someone stole my card]
    help: ["!", ", what do I do?", ", please help.", ", how do I report it?"]
    close: [close, delete, terminate, deactivate]
    who: [my identity, my ID, who I am, my identity online]
arms:
  - {id: calm, kind: templater, params: {temperature: 0.3}}
  - {id: lively, kind: templater, params: {temperature: 1.0}}
validators: {length: {field: text, min_words: 3, max_words: 40}, deduplication: {field: text}}
target: {accepted: 250}
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="the folder of BANKING77 is not beside the repository"),
    pytest.mark.skipif(not WEIGHTS.exists(), reason="the embedded model has no weights yet"),
]


def real(name: str) -> list[tuple[str, str]]:
    with (DATA / name).open(newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file) if row["category"] in INTENTS]


def write(file: Path, rows: list[tuple[str, str]]) -> None:
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([("text", "label"), *rows])


@pytest.fixture
def evaluated(desk: Desk) -> dict[str, Any]:
    """The run's dataset, judged, with some of its rows planted in the dev set."""
    by_intent = {intent: [row for row in real("train.csv") if row[1] == intent] for intent in INTENTS}
    write(desk.folder / "seeds.csv", [row for rows in by_intent.values() for row in rows[:SEEDS]])
    write(desk.folder / "real.csv", [row for rows in by_intent.values() for row in rows[SEEDS : SEEDS + 20]])
    write(desk.folder / "test.csv", real("test.csv"))
    (desk.folder / "bank.yaml").write_text(RECIPE)
    ended = desk.call("run", "bank.yaml", "--quiet")
    assert ended.code == 0, ended.err
    planted = [(f"  {row['data']['text'].upper()}", row["data"]["label"]) for row in desk.rows()[:PLANTED]]
    write(desk.folder / "dev.csv", [*(row for rows in by_intent.values() for row in rows[40:50]), *planted])
    ended = desk.call("evaluate", "bank", "--test", "test.csv", "--dev", "dev.csv", "--real", "real.csv", "--json")
    assert ended.code == 0, ended.err
    assert f"LEAK: of {100 + PLANTED} rows of dev, {PLANTED} are" in ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


def plain(texts: list[str], labels: list[str], asked: list[str]) -> list[str]:
    """TF-IDF and logistic regression, as scikit-learn's own guide puts them together."""
    counts = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+(?:['’]\w+)*")
    made = make_pipeline(counts, LogisticRegression(C=10, max_iter=1000))
    return [str(said) for said in made.fit(texts, labels).predict(asked)]


def test_the_figures_are_those_of_scikit_learn_and_planted_leaks_are_found(desk: Desk, evaluated: dict[str, Any]) -> None:
    texts, labels = zip(*((row["data"]["text"], row["data"]["label"]) for row in desk.rows()), strict=True)
    asked, truth = map(list, zip(*real("test.csv"), strict=True))
    said = plain(list(texts), list(labels), asked)
    accuracy, macro_f1 = evaluated["trained"][0]["scores"]
    assert accuracy["value"] == pytest.approx(accuracy_score(truth, said), abs=0.005)
    assert macro_f1["value"] == pytest.approx(f1_score(truth, said, average="macro"), abs=0.005)
    assert 0.6 < accuracy["low"] < accuracy["value"] < accuracy["high"] < 1
    assert {each["rows"] for each in evaluated["trained"]} == {200, 250, 450}, "beside as many real rows, and both"
    assert [each["arm"] for each in evaluated["contributions"]] == ["calm", "lively"]
    (leak,) = (each["found"] for each in evaluated["leaks"] if (each["of"], each["beside"]) == ("dev", "the generated rows"))
    assert leak["equal"] == PLANTED
    assert any(row["usage"] for row in desk.rows()), "some rows are the embedded model's"
