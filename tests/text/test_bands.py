"""What agrees in a whole band is found, whenever it was added."""

from __future__ import annotations

import numpy as np
import pytest

from loopwright.text.bands import LONGEST, RECENT, Agreeing


@pytest.mark.parametrize("longest", [2 * RECENT, LONGEST])
@pytest.mark.parametrize("count", [0, 1, RECENT - 1, RECENT, 3 * RECENT, 9 * RECENT + 7])
def test_it_finds_what_comparing_all_finds(count: int, longest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots of few values, so that many agree, in several bands, and in bands of other places."""
    monkeypatch.setattr("loopwright.text.bands.LONGEST", longest)
    draw = np.random.default_rng(count)
    signatures = draw.integers(0, 6, (count, 12)).astype(np.uint16)
    index = Agreeing(4, 3)
    for signature in signatures:
        index.add(index.keys(signature))
    for asked in draw.integers(0, 6, (20, 12)).astype(np.uint16):
        agreeing = (signatures.reshape(count, 4, 3) == asked.reshape(4, 3)).all(axis=2).any(axis=1)
        found = np.flatnonzero(agreeing)
        for since in (0, count // 2, count):
            assert index.find(index.keys(asked), since).tolist() == found[found >= since].tolist()
