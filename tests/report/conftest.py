"""What the tests of this room share: real runs to report on."""

from __future__ import annotations

import pytest
from places import Place

from loopwright.runs.folder import RunFolder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def run(place: Place) -> RunFolder:
    return place.run()
