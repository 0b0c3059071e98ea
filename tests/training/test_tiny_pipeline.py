"""A miniature goes the whole way in seconds: examples, training, a kill, weights, the package's runtime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training the embedded model needs PyTorch: the extra `torch`")

import torch

from loopwright.llm.messages import Request, chat
from loopwright.llm.prompts import render
from loopwright.llm.tiny.network import Network, Room, load
from training.tiny.answers import Speaker
from training.tiny.train import Phase, Plan, Step, steps, train
from training.tiny.weights import imported

MINIATURE = Plan(Path(), tokens=600, width=32, layers=2, heads=2, warmup=10, draws=1500)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Step]]:
    """A miniature that has learned nothing but to write small pieces: a greeting, a name, a city."""
    torch.set_num_threads(1)
    plan = replace(MINIATURE, out=tmp_path_factory.mktemp("pieces"), steps=150, phases=(Phase(1.0, 1e-2, {"piece": 1.0}),))
    return plan.out / "weights.npz", list(steps(plan))


@pytest.mark.slow
def test_it_learns(trained: tuple[Path, list[Step]]) -> None:
    weights, taken = trained
    first, last = (float(np.mean([step.loss for step in part])) for part in (taken[:10], taken[-10:]))
    assert last < first / 2
    asked = ["A first name.", "One city.", "The order number"]
    cities = {"Paris", "London", "Rome", "Berlin", "Madrid", "Oslo", "Vienna", "Dublin", "Lisbon", "Prague"}
    name, city, number = (answer.text for answer in Speaker(weights).ask([_filling(one) for one in asked]))
    assert city in cities
    assert name.isalpha() and name not in cities
    assert number.isdigit()


def _filling(instruction: str) -> Request:
    return Request(chat(render("fill_slot", instruction=instruction)), temperature=0.0)


def test_the_runtime_says_what_torch_says(trained: tuple[Path, list[Step]]) -> None:
    model, vocabulary = imported(trained[0])
    network = Network(load(trained[0]))
    ids = np.random.default_rng(1).integers(5, len(vocabulary), 90)
    with torch.no_grad():
        wanted = (model(torch.from_numpy(ids)[None])[0, -1] @ model.embed.T).numpy()
    room = Room(network, 1)
    network.read(room, 0, ids[:-1])
    logits = network.step(room, ids[-1:], np.array([len(ids) - 1]))[0, : len(vocabulary)] / 1024
    assert np.abs(logits - wanted).max() < 0.01


@pytest.mark.slow
def test_a_training_that_is_stopped_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    def plan(name: str) -> Plan:
        return replace(MINIATURE, out=tmp_path / name, steps=12, every=5)

    train(plan("straight"))
    with closing(steps(plan("stopped"))) as stopped:
        assert [step.done.step for step in islice(stopped, 7)] == list(range(1, 8))
    assert [step.done.step for step in steps(plan("stopped"))] == list(range(6, 13))
    one, other = (np.load(tmp_path / name / "weights.npz", allow_pickle=False) for name in ("straight", "stopped"))
    assert all(np.array_equal(one[name], other[name]) for name in one.files)
