"""What the tests of this room share: real runs to report on."""

from __future__ import annotations

import pytest
from datagen_runs import ARMS, Desk
from places import Place

from loopwright.runs.folder import RunFolder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def run(place: Place) -> RunFolder:
    return place.run()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("datasets"))


@pytest.fixture(scope="module")
def generated(desk: Desk) -> RunFolder:
    return desk.run("arms", ARMS)
