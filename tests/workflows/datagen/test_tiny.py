"""The recipe of the examples that asks the embedded model: no key, no network, the same rows every time."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.workflows.datagen.conftest import Desk

from loopwright.llm.tiny.serving import WEIGHTS

RECIPE = (Path(__file__).parents[3] / "examples/intents.yaml").read_text()

pytestmark = pytest.mark.skipif(not WEIGHTS.exists(), reason="the embedded model has no weights yet")


@pytest.mark.slow
def test_the_embedded_model_makes_the_same_dataset_again(desk: Desk) -> None:
    (desk.folder / "intents.yaml").write_text(RECIPE)
    ended = desk.call("run", "intents.yaml", "--quiet")
    assert ended.code == 0, ended.out + ended.err
    about = desk.about()
    assert about["rows"] == about["target"] == 100
    assert all(abs(label["share"] - label["wanted"]) <= 0.02 for label in about["labels"].values())
    assert any("judge" in row["scores"] for row in desk.rows())
    first = desk.place
    desk.call("run", "intents.yaml", "--quiet", "--fresh")
    (second,) = (store.parent for store in desk.runs() if store.parent != first)
    assert (second / "about.json").read_text().splitlines()[1] == (first / "about.json").read_text().splitlines()[1]
