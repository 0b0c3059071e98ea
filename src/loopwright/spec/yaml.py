"""Strict YAML 1.2: text to a `Document`. ruamel.yaml splits the text into events; what they mean is decided here.

Refused: duplicate keys, YAML 1.1 booleans, tags, merge keys, directives, several documents, keys that are not text, numbers
that are not finite, surrogates, and what grows or nests beyond reason. All that is wrong is collected, unless nothing more
can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from ruamel.yaml.reader import ReaderError

from loopwright.errors import Problem, SpecError
from loopwright.spec.document import Document, Node
from loopwright.spec.paths import Path, show
from loopwright.spec.scalars import Scalar, plain

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 48
MAX_PROBLEMS = 50
MAX_EXPANSION = 1024 * 1024
NODE_WEIGHT = 16
"""What a node counts for beside its characters, so that many empty ones are a weight too."""

_LETTERS = frozenset("yYnN")
"""No reader in use takes these for booleans where they are keys, and coordinates and sizes are called so."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def parse(text: str | bytes, file: str = "<text>") -> Document:
    """The document a text means. Raises SpecError and nothing else."""
    decoded = _decoded(text, file)
    composer = _Composer(decoded)
    try:
        root = composer.document()
    except SpecError as error:
        raise SpecError([*composer.problems, *error.problems], file) from None
    if composer.problems:
        raise SpecError(composer.problems, file)
    return Document(file, root, decoded)


def parse_value(text: str) -> Node:
    """A scalar or flow collection that stands alone, as in `--set path=value`. Its problems have paths relative to it."""
    composer = _Composer(text, flow_only=True)
    node = composer.document()
    if composer.problems:
        raise SpecError(composer.problems)
    return node


def _decoded(text: str | bytes, file: str) -> str:
    if len(text) > MAX_BYTES:
        raise SpecError([Problem("", "is larger than a spec may be", f"at most {MAX_BYTES:,} bytes")], file)
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise SpecError([Problem("", "is not UTF-8", "a text file saved as UTF-8", line=line)], file) from None


class _Extent(NamedTuple):
    weight: int
    height: int


def _extent(node: Node) -> _Extent:
    content = node.content
    if not isinstance(content, dict | list):
        return _Extent(NODE_WEIGHT + (len(content) if isinstance(content, str) else 0), 0)
    parts = [_extent(child) for child in (content.values() if isinstance(content, dict) else content)]
    keys = sum(map(len, content)) if isinstance(content, dict) else 0
    return _Extent(NODE_WEIGHT + keys + sum(part.weight for part in parts), 1 + max((part.height for part in parts), default=0))


class _Composer:
    """Builds nodes from events, collecting problems on the way. A problem that ends the reading is raised."""

    def __init__(self, text: str, *, flow_only: bool = False) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._flow_only = flow_only
        self._events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
        self._anchors: dict[str, Node | None] = {}
        self._expanded = 0

    def document(self) -> Node:
        self._next(())
        event = self._next(())
        if isinstance(event, StreamEndEvent):
            return Node(None, 1)
        self._check_start(event)
        root = self._node(self._next(()), ())
        self._next(())
        after = self._next(())
        if not isinstance(after, StreamEndEvent):
            self._stop((), after, "holds several documents", "one document")
        return root

    def _check_start(self, event: DocumentStartEvent) -> None:
        if event.tags or (event.version and tuple(event.version) != (1, 2)):
            self._note((), event, "uses a directive", "YAML 1.2 without tags")

    def _node(self, event: Any, path: Path) -> Node:
        if isinstance(event, AliasEvent):
            return self._alias(event, path)
        if len(path) > MAX_DEPTH:
            self._stop(path[:3], event, "is nested too deep", f"at most {MAX_DEPTH} levels")
        if event.tag is not None:
            self._note(path, event, "has a tag; a spec is made of plain values", "the value alone, in quotes if it is text")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = self._built(event, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _built(self, event: Any, path: Path) -> Node:
        if isinstance(event, ScalarEvent):
            return Node(self._scalar(event, path), _line(event))
        if self._flow_only and not event.flow_style:
            self._stop(path, event, "is a block", "a value on one line, as in {rpm: 500} or [1, 2], or quoted text")
        if isinstance(event, SequenceStartEvent):
            return Node(self._sequence(path), _line(event))
        return Node(self._mapping(path), _line(event))

    def _scalar(self, event: ScalarEvent, path: Path) -> Scalar:
        if _SURROGATE.search(event.value):
            self._note(path, event, "holds half a surrogate pair", "whole characters")
            return None
        if not event.implicit[0]:
            return str(event.value)
        try:
            return plain(event.value)
        except SpecError as error:
            problem = error.problems[0]
            self._note(path, event, problem.message, problem.expected)
            return None

    def _sequence(self, path: Path) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := self._next(path), SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := self._next(path), MappingEndEvent):
            key = self._key(event, path)
            place = (*path, event.value if key is None else key)
            value = self._node(self._next(place), place)
            if key is None:
                continue
            if key in entries:
                self._note(place, event, f"is given twice, first on line {entries[key].line}")
                continue
            entries[key] = replace(value, line=_line(event))
        return entries

    def _key(self, event: Any, path: Path) -> str | None:
        if not isinstance(event, ScalarEvent):
            self._stop(path, event, "has a key that is not text", "a word, or text in quotes")
        if event.value == "<<" and event.implicit[0]:
            self._note(path, event, "has a merge key; YAML 1.2 knows none", "the keys written out")
            return None
        if event.value in _LETTERS and event.implicit[0] and event.anchor is None:
            return str(event.value)
        count = len(self.problems)
        key = self._node(event, path).content
        if not isinstance(key, str) and len(self.problems) == count:
            self._note(path, event, "has a key that is not text", f'quotes around it: "{event.value[:40]}"')
        return key if isinstance(key, str) else None

    def _alias(self, event: AliasEvent, path: Path) -> Node:
        if event.anchor not in self._anchors:
            self._note(path, event, "is an alias for an anchor that is not there", "quotes around text that begins with *")
            return Node(None, _line(event))
        node = self._anchors[event.anchor]
        if node is None:
            self._stop(path, event, "is an alias for a block that contains it", "no cycles")
        extent = _extent(node)
        self._expanded += extent.weight
        if self._expanded > MAX_EXPANSION:
            self._stop(path, event, "expands aliases to more than a spec may hold", f"at most {MAX_EXPANSION:,} characters")
        if len(path) + extent.height > MAX_DEPTH:
            self._stop(path[:3], event, "is nested too deep", f"at most {MAX_DEPTH} levels")
        return replace(node, line=_line(event))

    def _next(self, path: Path) -> Any:
        try:
            return next(self._events)
        except ReaderError as error:
            at = self._text.count("\n", 0, error.position) + 1
            raise SpecError([Problem("", "holds a character that YAML does not allow", "text", line=at)]) from None
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else None
            raise SpecError([Problem(show(path), f"is not valid YAML: {error.problem or error.context}", line=line)]) from None
        except Exception:  # what the scanner trips over in damaged text has no one type
            raise SpecError([Problem(show(path), "is not valid YAML")]) from None

    def _note(self, path: Path, event: Any, message: str, expected: str | None = None) -> None:
        self.problems.append(Problem(show(path), message, expected, line=_line(event)))
        if len(self.problems) >= MAX_PROBLEMS:
            raise SpecError([Problem("", "there is more wrong; the rest was not read")])

    def _stop(self, path: Path, event: Any, message: str, expected: str) -> NoReturn:
        raise SpecError([Problem(show(path), message, expected, line=_line(event))])


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
