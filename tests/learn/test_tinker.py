"""The fine-tune by a service: what is sent to it, what its errors become, and that our stand-in is called like its library."""

from __future__ import annotations

import inspect
from importlib.util import find_spec

import pytest

from loopwright.errors import BoundaryError, UsageError
from loopwright.learn import scripted_tinker, tinker
from loopwright.learn.tinker import Tinker

TEXTS = ["my parcel is late", "the parcel never came", "give my money back", "I want the money"]
LABELS = ["delivery", "delivery", "refund", "refund"]


def test_only_the_label_is_to_be_learned() -> None:
    datum = tinker._datum(scripted_tinker, scripted_tinker.Tokenizer(), "my parcel", "late")
    targets = bytes(map(int, datum.loss_fn_inputs["target_tokens"]))
    learned = bytes(b for b, weight in zip(targets, datum.loss_fn_inputs["weights"], strict=True) if weight)
    assert learned == b" late\n"
    assert bytes([datum.model_input.tokens[0]]) + targets == b"Text: my parcel\nLabel: late\n"
    assert bytes(datum.model_input.to_ints()) == b"Text: my parcel\nLabel: late"


def test_a_label_is_chosen_by_how_likely_the_tuned_model_finds_it() -> None:
    model = Tinker(service="scripted", batch=2).fit(TEXTS, LABELS)
    assert model.labels == ("delivery", "refund")
    assert model.predict(["where is the parcel", "money please"]) == ["delivery", "refund"]


def test_what_goes_wrong_at_the_service_is_the_services(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripted_tinker.TrainingClient, "optim_step", lambda self, given: 1 / 0)
    with pytest.raises(BoundaryError, match="tinker: ZeroDivisionError"):
        Tinker(service="scripted").fit(TEXTS, LABELS)


def test_the_real_library_takes_what_we_send() -> None:
    """No call leaves the machine: names and signatures are compared, and a row is made of the library's own types."""
    real = pytest.importorskip("tinker", reason="the extra `tinker` is not installed")
    for name in ("ServiceClient", "TrainingClient", "SamplingClient"):
        ours, theirs = getattr(scripted_tinker, name), getattr(real, name)
        for method, function in inspect.getmembers(ours, inspect.isfunction):
            if not method.startswith("_"):
                known = list(inspect.signature(function).parameters)
                assert known == list(inspect.signature(getattr(theirs, method)).parameters)[: len(known)]
    assert real.AdamParams(learning_rate=0.1).learning_rate == 0.1
    datum = tinker._datum(real, scripted_tinker.Tokenizer(), "my parcel", "late")
    assert datum.model_input.to_ints() == list(b"Text: my parcel\nLabel: late")


@pytest.mark.skipif(not find_spec("tinker"), reason="the extra `tinker` is not installed")
def test_a_key_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tinker.KEY, raising=False)
    with pytest.raises(UsageError, match=tinker.KEY):
        Tinker().fit(TEXTS, LABELS)
