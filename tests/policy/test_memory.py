"""What a policy remembers can be looked at as it was at any version that is still asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from loopwright.policy.keyed import Keyed
from loopwright.policy.memory import Memory


@given(
    st.integers(0, 12),
    st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.integers()), max_size=4), max_size=60),
)
def test_any_version_within_the_lag_is_what_it_was(lag: int, trials: list[list[tuple[str, int]]]) -> None:
    memory = Memory(lag)
    snapshots: list[dict[str, int]] = [{}]
    for puts in trials:
        now = dict(snapshots[-1])
        for key, value in puts:
            memory.put(key, value)
            now[key] = value
        memory.advance()
        snapshots.append(now)
        for version in range(max(0, memory.version - lag), memory.version + 1):
            view = memory.as_of(version)
            assert {key: view.get(key) for key in "abc" if view.get(key) is not None} == snapshots[version]
    assert memory.state() == dict(sorted(snapshots[-1].items()))


def test_the_past_beyond_the_lag_is_forgotten() -> None:
    memory = Memory(lag=5)
    for value in range(1000):
        memory.put("key", value)
        memory.advance()
    assert len(memory._past["key"]) <= 7


def test_keyed_numbers_depend_on_their_place_alone() -> None:
    place = (7, 3, 1, "draw")
    alone = [Keyed(*place).random() for _ in range(3)]
    assert len(set(alone)) == 1
    stream = Keyed(*place)
    numbers = [stream.random() for _ in range(100)]
    assert numbers[0] == alone[0]
    for other in ((8, 3, 1, "draw"), (7, 4, 1, "draw"), (7, 3, 2, "draw"), (7, 3, 1, "other")):
        assert Keyed(*other).random() != alone[0]
    again = Keyed(*place)
    assert [again.random() for _ in range(100)] == numbers


def test_keyed_numbers_are_spread_as_they_should_be() -> None:
    rng = Keyed(1, purpose="spread")
    uniform = [rng.random() for _ in range(20_000)]
    assert all(0 <= number < 1 for number in uniform)
    assert abs(sum(uniform) / 20_000 - 0.5) < 5 * (1 / 12 / 20_000) ** 0.5
    counts = [0] * 7
    for _ in range(21_000):
        counts[rng.below(7)] += 1
    assert sum((count - 3000) ** 2 / 3000 for count in counts) < 27.9  # chi-square, 6 degrees, p = 1e-4
    normal = [rng.normal() for _ in range(20_000)]
    assert abs(sum(normal) / 20_000) < 5 / 20_000**0.5
    assert abs(sum(number**2 for number in normal) / 20_000 - 1) < 5 * (2 / 20_000) ** 0.5
    shuffled = list(range(50))
    rng.shuffle(shuffled)
    assert sorted(shuffled) == list(range(50)) != shuffled
