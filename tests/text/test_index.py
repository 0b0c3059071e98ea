"""Every index of vectors keeps the same promises; the plane is that of scikit-learn; groups are known by their first member."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from loopwright.errors import ExtraMissing
from loopwright.text.embedding import Floats, Lexical
from loopwright.text.groups import Groups
from loopwright.text.index import INDEXES, Index, index
from loopwright.text.plane import plane

TEXTS = [f"message number {n} about the {thing}" for n in range(40) for thing in ("lamp", "kettle", "blue chair")]
IDS = [f"{n // 10}.{n % 10}" for n in range(len(TEXTS))]
VECTORS = Lexical().embed(TEXTS)


@pytest.fixture(params=INDEXES.names())
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Index:
    try:
        made = index(request.param, tmp_path)
    except ExtraMissing as error:
        pytest.skip(str(error))
    made.fill(IDS, VECTORS)
    return index(request.param, tmp_path)


def asked(text: str) -> Floats:
    made: Floats = Lexical().embed([text])[0]
    return made


@pytest.mark.parametrize("limit", [1, 7, len(TEXTS), 1000])
def test_the_nearest_come_first_and_are_those_of_the_bare_product(filled: Index, limit: int) -> None:
    vector = asked("a message about my kettle")
    found = filled.nearest(vector, limit)
    alike = VECTORS @ vector
    assert [each.similarity for each in found] == pytest.approx(sorted(alike, reverse=True)[:limit], abs=1e-5)
    assert [each.similarity for each in found] == pytest.approx([alike[IDS.index(each.id)] for each in found], abs=1e-5)


def test_a_row_is_nearest_to_itself(filled: Index) -> None:
    (found,) = filled.nearest(VECTORS[17], 1)
    assert found.id == IDS[17]
    assert found.similarity == pytest.approx(1.0, abs=1e-5)


def test_of_those_that_are_as_near_the_first_comes_first(filled: Index) -> None:
    filled.fill(IDS[:6], VECTORS[[5, 0, 5, 0, 5, 0]])
    assert [each.id for each in filled.nearest(VECTORS[5], 3)] == [IDS[0], IDS[2], IDS[4]]


def test_filling_takes_the_place_of_what_was_there(filled: Index, tmp_path: Path) -> None:
    filled.fill(["new"], VECTORS[:1])
    assert [each.id for each in filled.nearest(VECTORS[3], 5)] == ["new"]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=40))
def test_a_group_is_known_by_its_first_member(pairs: list[tuple[int, int]]) -> None:
    groups: Groups[int] = Groups()
    for member in range(21):
        groups.add(member)
    for one, other in pairs:
        groups.join(one, other)
    lowest = list(range(21))
    for _ in range(21):
        for one, other in pairs:
            lowest[one] = lowest[other] = min(lowest[one], lowest[other])
    assert [groups.first(member) for member in range(21)] == lowest


@pytest.mark.slow
def test_the_plane_is_that_of_the_principal_components() -> None:
    peer = PCA(2, svd_solver="full")
    ours, theirs = plane(VECTORS), peer.fit_transform(VECTORS.astype(np.float64))
    signs = np.sign((ours.places * theirs).sum(axis=0))
    np.testing.assert_allclose(ours.places, theirs * signs, atol=1e-9)
    assert ours.share == pytest.approx(peer.explained_variance_ratio_.sum())
    assert (plane(VECTORS).places == ours.places).all()


@pytest.mark.parametrize("vectors", [VECTORS[:0], VECTORS[:1], VECTORS[[3, 3, 3]], VECTORS[:4, :1]])
def test_a_plane_has_a_place_for_each_however_few_there_are(vectors: Any) -> None:
    found = plane(vectors)
    assert found.places.shape == (len(vectors), 2)
    assert np.isfinite(found.places).all()
    assert 0 <= found.share <= 1 + 1e-9
