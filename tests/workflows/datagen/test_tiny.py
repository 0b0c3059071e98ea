"""The recipe of the examples with the embedded model: no key, no network. And the same model behind a server that misbehaves,
under a program that is killed: the same rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.killing import killed_after
from tests.workflows.datagen.conftest import Desk, served

EXAMPLES = Path(__file__).parents[3] / "examples"
FAULTS = ("429-ms:0.02", "500:0.02", "truncated:0.02", "reset:0.02", "hang-up:0.01", "malformed:0.01")
"""A tenth of all requests, in kinds that are asked again."""

pytestmark = pytest.mark.slow


@pytest.fixture
def desk(desk: Desk) -> Desk:
    for name in ("intents.yaml", "intents.csv"):
        shutil.copy(EXAMPLES / name, desk.folder)
    return desk


def test_the_recipe_of_the_examples_reaches_its_target(desk: Desk) -> None:
    ended = desk.call("run", "intents.yaml", "--quiet")
    assert ended.code == 0, ended.out + ended.err
    about = desk.about()
    assert about["rows"] == about["target"] == 500
    assert all(abs(label["share"] - label["wanted"]) <= 0.02 for label in about["labels"].values())
    judged = sum("judge" in row["scores"] for row in desk.rows())
    assert 50 < judged < 150  # a fifth


def _served_by(desk: Desk, url: str) -> str:
    """The recipe with the embedded model behind a server."""
    recipe = (EXAMPLES / "intents.yaml").read_text()
    there = recipe.replace("provider: tiny,", f'provider: openai, model: practice, base_url: "{url}",')
    there = there.replace("limits: {", "limits: {retries: 8, ").replace("budget: {usd: 5}", "budget: {calls: 5000}")
    assert there.count(url) == there.count("retries: 8") == there.count("calls: 5000") + 1 == 2
    (desk.folder / "served.yaml").write_text(there.replace("accepted: 500", "accepted: 120"))
    return "served.yaml"


def test_faults_and_kills_change_nothing(desk: Desk, tmp_path: Path) -> None:
    sound = Desk(tmp_path / "sound")
    shutil.copytree(desk.folder, sound.folder)
    with served(sound, "tiny") as url:
        assert sound.call("run", _served_by(sound, url), "--quiet").code == 0
    with served(desk, "tiny", *FAULTS) as url:
        name = _served_by(desk, url)
        for trials in (2, 7, 11):
            killed_after(trials, desk.folder, "run", name)
        ended = desk.call("run", name, "--quiet")
    assert ended.code == 0, ended.out + ended.err
    assert len(desk.rows()) == 120
    assert [row["data"] for row in desk.rows()] == [row["data"] for row in sound.rows()]
    assert desk.call("runs", "diff", str(desk.place), str(sound.place)).code == 0
