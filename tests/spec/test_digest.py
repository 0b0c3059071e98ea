"""The digest of a spec says what its run comes to, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.spec.blocks import RunSpec
from loopwright.spec.digest import Change, canonical, canonical_json, changed, digest
from loopwright.spec.dump import dump, emit
from loopwright.spec.load import validate
from loopwright.spec.yaml import parse

BASE = """\
workflow: garden
models:
  - {id: a, provider: scripted, temperature: 1}
policy: {fixed: {arm: a, weight: 2}}
weights: {a: 1, b: 2}
batch: {size: 4}
"""


def spec(text: str, model: type[RunSpec]) -> Any:
    return validate(parse(text), model)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("workflow: garden", "# a comment\nworkflow: garden"),
        ("weights: {a: 1, b: 2}", "weights: {b: 2.0, a: 1.0}"),
        ("{id: a, provider: scripted, temperature: 1}", "{temperature: 1.0, provider: scripted, id: a}"),
        ("id: a,", "id: a, model: a,"),
        ("id: a,", "id: a, token_param: auto, top_p: null,"),
        ("{fixed: {arm: a, weight: 2}}", "{kind: fixed, argument: {weight: 2.0, arm: a}}"),
        ("batch: {size: 4}", "batch: {size: 4, ratio: 0.5}\nwindow: 6\nseed: 0"),
        ("batch:", "budget: {calls: 3}\nname: other\noutput: elsewhere\nexecutor: ray\nlabel: x\nbatch:"),
        ("id: a,", "id: a, limits: {rpm: 3}, base_url: 'http://127.0.0.1:1/v1', api_key_env: KEY, allow_private: true,"),
        ("id: a,", "id: a, pricing: {input_per_1k: 1, output_per_1k: 2}, budget: {calls: 1},"),
    ],
)
def test_what_does_not_change_the_result_does_not_change_the_digest(old: str, new: str, garden: type[RunSpec]) -> None:
    assert old in BASE
    assert digest(spec(BASE.replace(old, new), garden)) == digest(spec(BASE, garden))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("batch:", "seed: 1\nbatch:"),
        ("size: 4", "size: 5"),
        ("temperature: 1", "temperature: 0.5"),
        ("id: a,", "id: a, model: b,"),
        ("weight: 2", "weight: 3"),
        ("fixed:", "unfixed:"),
        ("batch:", "window: 7\nbatch:"),
        ("b: 2}", "c: 2}"),
        ("id: a,", "id: a, headers: {X: '1'},"),
    ],
)
def test_what_changes_the_result_changes_the_digest(old: str, new: str, garden: type[RunSpec]) -> None:
    assert old in BASE
    assert digest(spec(BASE.replace(old, new), garden)) != digest(spec(BASE, garden))


def test_a_short_form_is_its_long_form(garden: type[RunSpec]) -> None:
    forms = ["policy: {fixed: a}", "policy: {kind: fixed, argument: a}"]
    assert len({digest(spec(form, garden)) for form in forms}) == 1
    forms = ["policy: uniform", "policy: {uniform: null}", "policy: {kind: uniform}", "seed: 0"]
    assert len({digest(spec(form, garden)) for form in forms}) == 1


def test_the_digest_is_64_hex_digits_that_stay(garden: type[RunSpec]) -> None:
    found = spec("workflow: garden\n", garden)
    assert canonical(found) == (
        b'{"batch":{"ratio":0.5,"size":8},"beds":{},"checks":[],"marks":[],"models":[],"policy":{"kind":"uniform"},'
        b'"seed":0,"update_every":1,"weights":{},"window":6,"workflow":"garden"}'
    )
    assert len(digest(found)) == 64
    assert int(digest(found), 16)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", min_size=1), values, max_size=5), st.randoms(use_true_random=False))
def test_order_says_nothing(data: dict[str, Any], random: Any) -> None:
    keys = list(data)
    random.shuffle(keys)
    assert canonical_json({key: data[key] for key in keys}) == canonical_json(data)
    assert canonical_json(parse(emit(data)).data) == canonical_json(data)


@given(st.integers(-(2**52), 2**52))
def test_a_whole_number_is_one_number_however_it_is_written(number: int) -> None:
    assert canonical_json(float(number)) == canonical_json(number)
    assert canonical_json(True) != canonical_json(1)


def test_a_dump_keeps_the_digest(garden: type[RunSpec]) -> None:
    found = spec(BASE, garden)
    assert digest(spec(dump(found), garden)) == digest(found)


def test_changed_names_the_incidental_settings_that_differ(garden: type[RunSpec]) -> None:
    old = spec(BASE + "budget: {calls: 3}\nlabel: x\n", garden)
    new = spec(
        BASE.replace("id: a,", "id: a, limits: {rpm: 9}, base_url: 'http://127.0.0.1:1',") + "budget: {calls: 4}\n", garden
    )
    assert changed(old, new) == [
        Change("budget.calls", 3, 4),
        Change("label", "x", None),
        Change("models[0].base_url", None, "http://127.0.0.1:1"),
        Change("models[0].limits.rpm", None, 9),
    ]
    assert changed(old, old) == []
