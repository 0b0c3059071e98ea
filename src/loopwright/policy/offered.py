"""The offered arm of a name that a spec gives."""

from __future__ import annotations

from collections.abc import Sequence

from loopwright.errors import Problem, SpecError
from loopwright.kinds import nearest
from loopwright.records import Arm


def offered(name: str, arms: Sequence[Arm], path: str) -> int:
    """Its place among the arms; `path` is where the spec names it."""
    for at, arm in enumerate(arms):
        if arm.name == name:
            return at
    names = [arm.name for arm in arms]
    raise SpecError([Problem(path, f"no arm is called {name!r}", " | ".join(names), nearest(name, names))])
