"""The conformance suite of the learn room: what holds for every kind in its table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from pydantic import JsonValue
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from loopwright.errors import ExtraMissing, SpecError, UsageError
from loopwright.learn import LEARNERS, build
from loopwright.learn.protocol import Classifier, Learner, Regressor, Target
from loopwright.spec.blocks import Named

ARGUMENTS: dict[str, JsonValue] = {"tinker": {"service": "scripted"}}
EXTRAS = {"torch": "torch"}
ABOUT = {
    "refund": [
        "I want my money back",
        "please return what I paid",
        "give my money back for the {}",
        "I paid twice, pay me back",
    ],
    "delivery": ["where is my parcel", "the {} has not arrived yet", "my parcel never came", "when does the {} arrive"],
    "account": ["I cannot log in", "reset my password please", "my login for the {} is gone", "the password is wrong"],
}
THINGS = ["shoes", "lamp", "red jacket", "kettle", "garden chair", "phone"]
NEW = {
    "refund": ["pay my money back for the table", "I paid for it, return the money"],
    "delivery": ["has my parcel arrived", "the parcel with the table never came"],
    "account": ["my password does not log me in", "log in with a new password"],
}
ROWS = [(text.format(thing), label) for label, texts in ABOUT.items() for text in texts for thing in THINGS]
PROGRAM = """
import json, sys
from loopwright.learn import build
from loopwright.spec.blocks import Named
asked, *given = json.load(sys.stdin)
print(json.dumps([build(Named.model_validate(named)).fit(texts, targets).predict(asked) for named, texts, targets in given]))
"""


def make(kind: str) -> Learner:
    if kind in EXTRAS and not find_spec(EXTRAS[kind]):
        pytest.skip(f"the extra {kind!r} is not installed")
    return build(Named(kind=kind, argument=ARGUMENTS.get(kind)))


def rows(learner: Learner) -> tuple[list[str], list[Target]]:
    """Numbers for a regression: how long the texts are, in words."""
    texts = [text for text, _ in ROWS]
    return texts, [label if learner.goal == "classification" else float(len(text.split())) for text, label in ROWS]


@pytest.fixture(params=sorted(LEARNERS.builtin))
def learner(request: pytest.FixtureRequest) -> Learner:
    return make(str(request.param))


def test_it_learns_what_carries_over_to_other_texts(learner: Learner) -> None:
    model = learner.fit(*rows(learner))
    asked = [(text, label) for label, texts in NEW.items() for text in texts]
    told = model.predict([text for text, _ in asked])
    if isinstance(model, Classifier):
        assert sum(said == label for said, (_, label) in zip(told, asked, strict=True)) >= 5
    else:
        texts, wanted = rows(learner)
        off = np.abs(np.array(model.predict(texts), float) - np.array(wanted, float)).mean()
        assert off < np.abs(np.array(wanted, float) - np.mean(np.array(wanted, float))).mean() / 2


def test_its_probabilities_are_some_and_its_word_is_the_likeliest(learner: Learner) -> None:
    model = learner.fit(*rows(learner))
    texts = [text for some in NEW.values() for text in some]
    if isinstance(model, Regressor):
        assert all(isinstance(value, float) and np.isfinite(value) for value in model.predict(texts))
        return
    table = model.probabilities(texts)
    assert model.labels == tuple(sorted(ABOUT))
    assert table.shape == (len(texts), 3)
    assert (table >= 0).all()
    assert np.allclose(table.sum(axis=1), 1.0)
    assert model.predict(texts) == [model.labels[place] for place in table.argmax(axis=1)]


def test_the_same_rows_make_the_same_model_twice_over(learner: Learner) -> None:
    texts = [text for some in NEW.values() for text in some]
    one, two = learner.fit(*rows(learner)), learner.fit(*rows(learner))
    assert one.predict(texts) == two.predict(texts)
    if isinstance(one, Classifier) and isinstance(two, Classifier):
        assert (one.probabilities(texts) == two.probabilities(texts)).all()


def test_what_is_asked_beside_a_text_does_not_matter(learner: Learner) -> None:
    model = learner.fit(*rows(learner))
    texts = [text for some in NEW.values() for text in some]
    assert [model.predict([text])[0] for text in texts] == pytest.approx(model.predict(texts), abs=1e-6)


@pytest.mark.parametrize(
    "texts",
    [["", "...", "?!"], ["ein Paket", "ein Paket", "ein Paket"], ["我的包裹在哪里", "退款", "\ud800 odd"]],
    ids=["no words", "the same", "other scripts"],
)
def test_odd_texts_are_no_trouble(learner: Learner, texts: list[str]) -> None:
    targets: list[Target] = ["a", "b", "a"] if learner.goal == "classification" else [1.0, 2.0, 1.0]
    model = learner.fit(texts, targets)
    assert len(model.predict([*texts, "something new"])) == 4
    assert model.predict([]) == []


def test_one_label_alone_is_what_it_will_always_say(learner: Learner) -> None:
    if learner.goal == "regression":
        assert learner.fit(["a b", "c d"], [2.0, 2.0]).predict(["e"]) == pytest.approx([2.0])
    else:
        assert learner.fit(["a b", "c d"], ["only", "only"]).predict(["e", "a b"]) == ["only", "only"]


@pytest.mark.slow
def test_another_process_with_other_threads_says_the_same() -> None:
    kinds = [kind for kind in LEARNERS.builtin if find_spec(EXTRAS.get(kind, "json"))]
    asked = [text for some in NEW.values() for text in some]
    given = [(Named(kind=kind, argument=ARGUMENTS.get(kind)).model_dump(mode="json"), *rows(make(kind))) for kind in kinds]
    environ = {**os.environ, "OMP_NUM_THREADS": "3", "PYTHONHASHSEED": "5"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps([asked, *given]),
        capture_output=True,
        text=True,
        check=True,
        env=environ,
    )
    ours = [make(kind).fit(*rows(make(kind))).predict(asked) for kind in kinds]
    assert json.loads(done.stdout) == ours


def test_a_mistake_in_a_parameter_is_named() -> None:
    with pytest.raises(SpecError, match=r"model\.tfidf\.strengt"):
        build(Named(kind="tfidf", argument={"strengt": 1}))
    with pytest.raises(UsageError, match="did you mean 'tfidf'"):
        build(Named(kind="tfdif"))


def test_only_the_services_cost_money() -> None:
    assert {name for name in LEARNERS.builtin if LEARNERS.load(name).paid} == {"tinker"}


def test_a_missing_library_is_named_by_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torch", "tinker"):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(ExtraMissing, match=rf"loopwright\[{name}\]"):
            build(Named(kind=name)).fit(["a", "b"], ["x", "y"])


def test_importing_a_learner_loads_no_heavy_library() -> None:
    program = "import sys; from loopwright.learn import LEARNERS; [LEARNERS.load(kind) for kind in LEARNERS.builtin]; "
    program += "assert not {'sklearn', 'scipy', 'torch', 'tinker', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def plain(texts: list[str], targets: list[Any], asked: list[str]) -> list[str]:
    """TF-IDF and logistic regression as scikit-learn's own guide puts them together."""
    made = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+"), LogisticRegression(C=10))
    return [str(said) for said in made.fit(texts, targets).predict(asked)]


def test_the_default_is_what_scikit_learn_makes_of_it() -> None:
    learner = make("tfidf")
    texts, targets = rows(learner)
    asked = [text for some in NEW.values() for text in some]
    assert learner.fit(texts, targets).predict(asked) == plain(texts, targets, asked)
