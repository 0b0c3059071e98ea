"""What has become of a dataset: rows that came, went and changed, and figures that shifted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from loopwright.loop.dataset import Entry
from loopwright.records import Fields
from loopwright.runs.differ import differ

ROWS = st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(["x", "y"])), max_size=12)


def entries(rows: list[tuple[str, str]]) -> list[Entry]:
    return [
        Entry(f"{n}.0", {"text": f"text {text}", "label": label}, f"text {text}", label) for n, (text, label) in enumerate(rows)
    ]


@given(ROWS, ROWS)
def test_taking_away_and_adding_leads_from_one_to_the_other(left: list[tuple[str, str]], right: list[tuple[str, str]]) -> None:
    found = differ(entries(left), entries(right))
    made = list(left)
    for gone in (*found.removed, *(each.left for each in found.changed)):
        made.remove((gone.text.removeprefix("text "), gone.label or ""))
    made += [
        (come.text.removeprefix("text "), come.label or "") for come in (*found.added, *(each.right for each in found.changed))
    ]
    assert sorted(made) == sorted(right)
    assert all(each.left.text == each.right.text and each.fields == ("label",) for each in found.changed)
    assert not {each.text for each in found.removed} & {each.text for each in found.added}
    assert found.same == (sorted(left) == sorted(right))


def test_shares_lengths_and_diversity_are_those_of_each_side() -> None:
    one = entries([("a", "x"), ("b", "x"), ("c", "y"), ("d", "y")])
    other = entries([("a", "x"), ("a", "x"), ("a b c", "x"), ("a b c", "y"), ("a", "y")])
    found = differ(one, other)
    assert [(each.name, each.left, each.right) for each in found.labels] == [("x", 0.5, 0.6), ("y", 0.5, 0.4)]
    assert [(each.name, each.left, each.right) for each in found.lengths] == [("mean words", 2, 2.8), ("median words", 2, 2)]
    assert found.n == 4
    (vendi,) = [each for each in found.diversity if each.name == "vendi"]
    assert vendi.left is not None
    assert vendi.right is not None
    assert vendi.right < vendi.left


def test_a_row_is_the_same_however_it_is_written_down() -> None:
    plain: Fields = {"text": "a", "n": 2, "tags": ["x"], "deep": {"b": 1, "a": None}, "maybe": None}
    published: Fields = {"text": "a", "n": 2.0, "tags": ["x"], "deep": '{"b":1,"a":null}'}
    mixed = {**published, "n": "2"}
    assert all(differ([Entry("0.0", plain, "a", None)], [Entry("0.0", row, "a", None)]).same for row in (published, mixed))
    assert not differ([Entry("0.0", plain, "a", None)], [Entry("0.0", {**plain, "n": 3}, "a", None)]).same


def test_nothing_and_something_can_be_compared() -> None:
    found = differ([], entries([("a", "x")]))
    assert (found.n, found.same, len(found.added)) == (0, False, 1)
    assert differ([], []).same
