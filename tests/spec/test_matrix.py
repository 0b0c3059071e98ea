"""A matrix means its cells: in order, each once, and nothing that the spec does not know."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import SpecError
from loopwright.spec.matrix import MAX_CELLS, expand, plural

AVAILABLE = {"model": ["small", "local"], "optimizer": ["none", "bfs", "gepa"], "strategy": ["plain", "cot", "cot_json", "bo3"]}


def complaints(given: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        expand(given, AVAILABLE)
    return str(caught.value).splitlines()


def test_a_list_is_its_cells() -> None:
    cells = [
        {"strategy": "cot", "model": "small", "optimizer": "none"},
        {"model": "local", "optimizer": "bfs", "strategy": "cot", "seed": 3},
    ]
    found = expand(cells, AVAILABLE)
    assert list(found) == cells
    assert list(found[0]) == ["model", "optimizer", "strategy"]


def test_axes_multiply_less_exclude_plus_include() -> None:
    given = {
        "models": "*",
        "strategies": "*",
        "optimizers": ["none", "bfs"],
        "seeds": [0, 1, 2],
        "exclude": [{"model": "local", "strategy": "bo3"}],
        "include": [{"model": "small", "optimizer": "gepa", "strategy": "cot"}],
    }
    found = expand(given, AVAILABLE)
    assert len(found) == 2 * 2 * 4 * 3 - 2 * 3 + 3
    assert found[0] == {"model": "small", "optimizer": "none", "strategy": "plain", "seed": 0}
    assert found[1] == {"model": "small", "optimizer": "none", "strategy": "plain", "seed": 1}
    assert [cell["seed"] for cell in found[-3:]] == [0, 1, 2]
    assert all(cell["optimizer"] == "gepa" for cell in found[-3:])
    assert not [cell for cell in found if cell["model"] == "local" and cell["strategy"] == "bo3"]


def test_globs_choose_ids_in_the_order_of_the_spec() -> None:
    found = expand({"models": ["l*", "small"], "optimizers": ["none"], "strategies": ["bo3", "cot*", "cot"]}, AVAILABLE)
    assert [(cell["model"], cell["strategy"]) for cell in found] == [
        ("local", "bo3"), ("local", "cot"), ("local", "cot_json"), ("small", "bo3"), ("small", "cot"), ("small", "cot_json"),
    ]  # fmt: skip


def test_exclude_takes_globs_and_plain_values() -> None:
    axes = {"models": "*", "optimizers": ["none"], "strategies": ["cot*"], "seeds": [0, 1]}
    assert len(expand({**axes, "exclude": [{"strategy": "*_json"}, {"seed": 1}]}, AVAILABLE)) == 2


def test_include_adds_what_exclude_took_and_nothing_twice() -> None:
    cell = {"model": "small", "optimizer": "none", "strategy": "cot"}
    axes = {"models": "*", "optimizers": ["none"], "strategies": ["cot"]}
    assert expand({**axes, "exclude": [{"model": "small"}], "include": [cell, cell]}, AVAILABLE)[-1] == cell
    assert len(expand({**axes, "include": [cell]}, AVAILABLE)) == 2
    assert expand({"include": [cell]}, AVAILABLE) == (cell,)


def test_what_is_unknown_is_named_with_the_nearest() -> None:
    given = {
        "modles": "*",
        "optimizers": ["nnoe"],
        "strategies": ["x*", 3],
        "exclude": [{"model": "smal"}, {"stratgy": "cot"}],
        "include": [{"model": "small", "optimizer": "gepa"}, "cot"],
    }
    found = complaints(given)
    for expected in (
        "matrix.modles: is not known here; expected one of models, optimizers, strategies, seeds, include, exclude; did",
        "matrix.models: is missing",
        "matrix.optimizers[0]: matches no optimizer; expected one of none, bfs, gepa; did you mean 'none'?",
        "matrix.strategies[0]: matches no strategy",
        "matrix.strategies[1]: is not the id of a strategy",
        "matrix.exclude[0].model: matches no model; expected one of small, local; did you mean 'small'?",
        "matrix.exclude[1].stratgy: is not known here; expected one of model, optimizer, strategy, seed; did",
        "matrix.include[0].strategy: is missing",
        "matrix.include[1]: is not a cell",
    ):
        assert [line for line in found if line.startswith(expected)], (expected, found)


@pytest.mark.parametrize(
    "given", [None, 3, "cot", [], {}, {"exclude": []}, {"models": [], "optimizers": "*", "strategies": "*"}]
)
def test_a_matrix_without_cells_is_refused(given: Any) -> None:
    assert complaints(given)[0].startswith("matrix")


def test_a_matrix_too_large_is_refused_before_it_is_built() -> None:
    axes = {"models": "*", "optimizers": "*", "strategies": "*"}
    assert complaints({**axes, "seeds": list(range(10_000))}) == ["matrix: has 240,000 cells; expected at most 10,000"]
    cell = {"model": "small", "optimizer": "none", "strategy": "cot"}
    assert "too many cells" in complaints({**axes, "seeds": list(range(400)), "include": [cell] * 100})[0]
    assert "too many cells" in complaints([{**cell, "seed": seed} for seed in range(MAX_CELLS + 1)])[0]


def test_plain_axes_take_plain_values_alone() -> None:
    axes = {"models": "*", "optimizers": "*", "strategies": "*"}
    assert complaints({**axes, "seeds": [[1]]}) == [
        "matrix.seeds[0]: is not a plain value; expected a number, text, true or false"
    ]
    assert len(expand({**axes, "seeds": [1, 1.0, True]}, AVAILABLE)) == 2 * 24


ids = st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=4, unique=True)


@given(st.dictionaries(st.sampled_from(["model", "strategy", "policy"]), ids, min_size=1))
def test_stars_are_the_whole_product_once(available: dict[str, list[str]]) -> None:
    found = expand({plural(axis): "*" for axis in available}, available)
    size = 1
    for values in available.values():
        size *= len(values)
    assert len(found) == len({tuple(cell.items()) for cell in found}) == size
    assert list(found) == list(expand(list(found), available))


junk = st.recursive(
    st.none() | st.integers() | st.sampled_from(["*", "small", "cot", "bfs", "["]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["models", "model", "strategies", "strategy", "optimizers", "seeds", "include", "exclude"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(junk)
def test_any_matrix_expands_or_is_a_spec_error(given: Any) -> None:
    try:
        assert expand(given, AVAILABLE)
    except SpecError as error:
        assert all(problem.path.startswith("matrix") for problem in error.problems)
