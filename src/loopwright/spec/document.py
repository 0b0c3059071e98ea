"""A spec file as read: plain data, and for every value the line it stands on or the option it came from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

from loopwright.errors import Problem, SpecError
from loopwright.spec.paths import Path, parse
from loopwright.spec.scalars import Scalar

Content: TypeAlias = "Scalar | dict[str, Node] | list[Node]"


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands: its key's line, or the `origin` that is not the file."""

    content: Content
    line: int | None = None
    origin: str | None = None

    def plain(self) -> Any:
        """The value as plain data that shares nothing with this node."""
        if isinstance(self.content, dict):
            return {key: child.plain() for key, child in self.content.items()}
        if isinstance(self.content, list):
            return [child.plain() for child in self.content]
        return self.content

    def step(self, key: str | int) -> Step | None:
        """The child that a key leads to: a list of blocks with ids is also addressed by id."""
        if isinstance(self.content, dict):
            return Step(key, self.content[key]) if isinstance(key, str) and key in self.content else None
        if not isinstance(self.content, list):
            return None
        at = key if isinstance(key, int) else next((at for at, child in enumerate(self.content) if child.id == key), None)
        return Step(at, self.content[at]) if at is not None and at < len(self.content) else None

    @property
    def id(self) -> str | None:
        named = self.content.get("id") if isinstance(self.content, dict) else None
        return named.content if named is not None and isinstance(named.content, str) else None


class Step(NamedTuple):
    key: str | int
    node: Node


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says. It never shows its content when printed: it may hold a key that should not be there."""

    file: str
    root: Node = field(repr=False)
    text: str = field(repr=False)

    @property
    def data(self) -> Any:
        return self.root.plain()

    def locate(self, path: str | Path) -> int | None:
        """The line of a place in the document, or of the nearest place above it that is there."""
        return self._nearest(path).line

    def blame(self, error: SpecError) -> SpecError:
        """The same error with file and lines filled in where they are lacking."""
        return SpecError([self._placed(problem) for problem in error.problems], error.file or self.file)

    def _placed(self, problem: Problem) -> Problem:
        if problem.line is not None:
            return problem
        node = self._nearest(problem.path)
        if node.origin is None:
            return replace(problem, line=node.line)
        note = f" (from {node.origin})"
        return problem if problem.message.endswith(note) else replace(problem, message=problem.message + note)

    def _nearest(self, path: str | Path) -> Node:
        node = self.root
        for key in _keys(path):
            step = node.step(key)
            if step is None:
                break
            node = step.node
        return node


def _keys(path: str | Path) -> Path:
    if not isinstance(path, str):
        return path
    try:
        return parse(path)
    except ValueError:
        return ()
