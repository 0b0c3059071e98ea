"""What a policy has learned, as a JSON file: written, read back with every doubt spoken out, merged, made anew from a log."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import orjson
from pydantic import BaseModel

from loopwright.errors import StoreTooNew, UsageError
from loopwright.policy import build
from loopwright.policy.memory import Memory
from loopwright.policy.modifier import Modifier
from loopwright.policy.protocol import Lesson, Policy
from loopwright.policy.windowed import PLACE as WINDOW
from loopwright.records import Json
from loopwright.spec.blocks import Named

KEY = "loopwright_policy_state"
VERSION = 1
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class State:
    """`memory` is what `Memory.state` gives: sums of whole numbers by place and arm. `caveats` are what has to be said of the
    runs that taught it: that no model answered, that an oracle stopped them."""

    policy: Json
    arms: tuple[str, ...]
    trials: int
    memory: dict[str, Any]
    caveats: tuple[str, ...] = ()

    def plain(self) -> dict[str, Json]:
        """What stands in the file."""
        return {
            KEY: VERSION,
            "policy": self.policy,
            "arms": list(self.arms),
            "trials": self.trials,
            "memory": self.memory,
            **({"caveats": list(self.caveats)} if self.caveats else {}),
        }


def export(named: Named, memory: Memory, arms: Iterable[str], caveats: Iterable[str] = ()) -> State:
    """All that the memory holds; `arms` are those that were offered."""
    return State(named.model_dump(mode="json"), tuple(sorted(set(arms))), memory.version, memory.state(), tuple(caveats))


def write(path: Path, state: State, replace: bool = False) -> None:
    """As a file, whole or not at all; one that is there is left alone, unless it shall be replaced."""
    data = orjson.dumps(state.plain(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(data + b"\n")
        if replace:
            part.replace(path)
        else:
            os.link(part, path)
    except FileExistsError:
        raise UsageError(f"{path} is there already; name another file or remove it") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


def read(path: Path) -> State:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: the policy's state cannot be read: {error.strerror}") from None
    if data[:1] == b"\x80":
        raise UsageError(f"{path} is a pickle, which can run code when it is read; a policy's state is JSON")
    try:
        return parse(orjson.loads(data), str(path))
    except orjson.JSONDecodeError as error:
        raise UsageError(f"{path} is not JSON, as a policy's state must be: {error}") from None


def parse(data: Any, source: str) -> State:
    """The state in `data`, checked; `source` is what errors call it."""
    version = data.get(KEY) if isinstance(data, dict) else None
    if not isinstance(version, int):
        _refuse(source, f"is no policy's state: it has no whole number {KEY!r}")
    if version > VERSION:
        raise StoreTooNew(f"{source} was written by a newer Loopwright (state version {version}, known is {VERSION}): upgrade")
    unknown = data.keys() - {KEY, "policy", "arms", "trials", "memory", "caveats"}
    if unknown:
        _refuse(source, f"has keys that no policy's state has: {', '.join(sorted(unknown))}")
    arms, trials, memory, caveats = data.get("arms"), data.get("trials"), data.get("memory"), data.get("caveats", [])
    if not isinstance(arms, list) or not all(isinstance(arm, str) and arm for arm in arms) or len(set(arms)) < len(arms):
        _refuse(source, f"has no list of different names as its arms, but {arms!r:.80}")
    if not arms:
        _refuse(source, "has no arms")
    if not _whole(trials) or trials < 0:
        _refuse(source, f"has no count of trials, but {trials!r:.80}")
    if not isinstance(memory, dict):
        _refuse(source, f"has no mapping as its memory, but {memory!r:.80}")
    if not isinstance(caveats, list) or not all(isinstance(each, str) for each in caveats):
        _refuse(source, f"has no list of texts as its caveats, but {caveats!r:.80}")
    for place, value in memory.items():
        _check(place, value, arms, source)
    build(_named(data.get("policy"), source))
    return State(data["policy"], tuple(arms), trials, memory, tuple(caveats))


def require_same(state: State, policy: Named) -> None:
    """A state is of use only to the policy that learned it: the same kind with the same arguments, but for those that leave no
    mark on it."""
    if _parts(build(_named(state.policy, "the state"))) != _parts(build(policy)):
        spec = policy.model_dump(mode="json")
        raise UsageError(
            f"the state is of policy {_line(state.policy)}, and the spec's is {_line(spec)}: it takes the same, "
            "but for how much is explored"
        )


def merge(one: State, other: State) -> State:
    """What both learned, as if one memory had learned all of it; exact, and whichever comes first."""
    require_same(other, Named.model_validate(one.policy))
    if set(one.arms) != set(other.arms):
        differ = ", ".join(sorted(set(one.arms) ^ set(other.arms)))
        raise UsageError(f"states of different arms cannot be merged; only one of the two has: {differ}")
    if any(place.startswith(WINDOW) for place in (*one.memory, *other.memory)):
        raise UsageError("the state of a windowed policy is the last rewards of one run in their order: it cannot be merged")
    policy = min(one.policy, other.policy, key=_line)
    memory = {place: _added(one.memory, other.memory, place) for place in sorted({*one.memory, *other.memory})}
    caveats = tuple(sorted({*one.caveats, *other.caveats}))
    return State(policy, tuple(sorted(one.arms)), one.trials + other.trials, memory, caveats)


def replay(policy: Policy, lessons: Iterable[Iterable[Lesson]]) -> Memory:
    """The memory after these trials, each of which taught some lessons."""
    memory = Memory()
    for trial in lessons:
        for lesson in trial:
            policy.learn(lesson, memory)
        memory.advance()
    return memory


def _added(one: Mapping[str, Any], other: Mapping[str, Any], place: str) -> dict[str, list[int]]:
    left, right = one.get(place, {}), other.get(place, {})
    return {arm: _sum(left.get(arm), right.get(arm)) for arm in sorted({*left, *right})}


def _sum(left: Sequence[int] | None, right: Sequence[int] | None) -> list[int]:
    if left is None or right is None:
        return list(left or right or ())
    if len(left) != len(right):
        raise UsageError("states with different numbers of features cannot be merged")
    return [a + b for a, b in zip(left, right, strict=True)]


def _parts(policy: Policy) -> list[tuple[str, str]]:
    """What a policy is made of, with all its arguments; where it started from is not part of it."""
    parts = []
    while isinstance(policy, Modifier):
        if not policy.begins:
            arguments = policy.model_dump(mode="json", exclude={"policy", *policy.of_choices})
            parts.append((type(policy).__name__, _line(arguments)))
        policy = policy.inner
    unmarked = set(getattr(policy, "of_choices", ()))
    own = policy.model_dump(mode="json", exclude=unmarked) if isinstance(policy, BaseModel) else repr(policy)
    return [*parts, (type(policy).__name__, _line(own))]


def _check(place: str, value: Any, arms: Sequence[str], source: str) -> None:
    if place.startswith(WINDOW):
        _check_window(place, value, arms, source)
        return
    if not isinstance(value, dict):
        _refuse(source, f"holds at {place!r} no sums by arm, but {value!r:.80}")
    for arm, sums in value.items():
        if arm and arm not in arms:
            _refuse(source, f"holds at {place!r} an arm {arm!r} that is none of its arms {', '.join(arms)}")
        whole = isinstance(sums, list | tuple) and len(sums) > 1 and all(_whole(each) for each in sums)
        if not whole or sums[0] < 0 or any(abs(each) >= _LARGEST for each in sums):
            _refuse(source, f"holds for arm {arm!r} at {place!r} no sums in whole numbers, but {sums!r:.80}")


def _check_window(place: str, value: Any, arms: Sequence[str], source: str) -> None:
    if place == WINDOW:
        fits = _whole(value) and value >= 0
    else:
        fits = isinstance(value, list) and [type(each) for each in value[:2]] == [dict, str] and len(value) == 6
        fits = fits and value[1] in arms and all(isinstance(each, int | float) for each in (value[2], value[5]))
    if not fits:
        _refuse(source, f"holds at {place!r} nothing that a windowed policy keeps, but {value!r:.80}")


def _named(given: Any, source: str) -> Named:
    try:
        return Named.model_validate(given)
    except ValueError:
        _refuse(source, f"names no policy, but {given!r:.80}")


def _refuse(source: str, what: str) -> NoReturn:
    raise UsageError(f"{source} {what}")


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _line(policy: Json) -> str:
    return orjson.dumps(policy, option=orjson.OPT_SORT_KEYS).decode()
