"""The `kind` table of a room: names to things, imported only when asked for, open to outside packages.

An outside package adds a member through the entry-point group `loopwright.plugins`; the entry point's name says the room
and the kind, as in `policy.my_policy = "my_package.policies:MyPolicy"`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from loopwright.errors import PluginError, UsageError

GROUP = "loopwright.plugins"
ROOMS = ("workflow", "policy", "provider", "validator", "generator", "dataset", "checker", "learner", "index", "page")
"""The rooms that outside packages can add to; a new room with a table stands here, too."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a mistyped one was probably meant to be."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


class Kinds:
    """One room's table. `room` names it to plugins; `builtin` maps a kind to `module:attribute`."""

    def __init__(self, room: str, builtin: Mapping[str, str]) -> None:
        self.room = room
        self.builtin = builtin

    def names(self) -> list[str]:
        return [*self.builtin, *self._outside()]

    def load(self, kind: str) -> Any:
        """The member of that name; importing it is the first import of its module."""
        if kind in self.builtin:
            module, attribute = self.builtin[kind].split(":")
            return getattr(import_module(module), attribute)
        outside = self._outside()
        if kind not in outside:
            hint = nearest(kind, self.names())
            known = ", ".join(self.names())
            raise UsageError(
                f"no {self.room} is called {kind!r}" + (f"; did you mean {hint!r}?" if hint else f"; there are: {known}")
            )
        point = outside[kind]
        try:
            return point.load()
        except Exception as error:
            raise PluginError(f"plugin {point.name} ({point.value}) does not load: {error!r}") from error

    def _outside(self) -> dict[str, EntryPoint]:
        found: dict[str, EntryPoint] = {}
        for point in plugins():
            room, _, kind = point.name.partition(".")
            if room not in ROOMS or not kind:
                raise PluginError(
                    f"plugin {point.name!r} ({point.value}): a name is ROOM.KIND, with a room of {', '.join(ROOMS)}"
                )
            if room != self.room:
                continue
            if kind in self.builtin or kind in found:
                raise PluginError(f"plugin {point.name} ({point.value}) takes a name that is taken")
            found[kind] = point
        return found


@cache
def plugins() -> tuple[EntryPoint, ...]:
    """All entry points of the group, read once per process."""
    return tuple(entry_points(group=GROUP))
