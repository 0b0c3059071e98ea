"""A drawn row whose slots may still be open, and what it becomes as a model's answers come in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from loopwright.records import Json
from loopwright.workflows.datagen.grammar.templates import Plain


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for the model's answer to a prompt, which may need other answers itself."""

    number: int
    rule: str
    prompt: Value


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Text with open slots among its parts."""

    parts: tuple[Value, ...]


Value: TypeAlias = "str | Plain | Slot | Unfinished | dict[str, Any] | list[Any]"
"""What a rule comes to: text, another plain value, or a structure, with open slots or without."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What to ask a model: `slot` is the number under which the answer belongs in `filled`."""

    slot: int
    rule: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A drawn row. `steps` are the choices that led to it, where there was one: `rule.number` in the order of drawing."""

    slots: tuple[Slot, ...]
    steps: tuple[str, ...]
    _data: Value
    _values: Mapping[str, Value]

    @property
    def path(self) -> str:
        return " ".join(self.steps)

    def ready(self, answers: Mapping[int, str]) -> list[Ask]:
        """The open slots that can be asked for now; those that need one another's answers come in turn."""
        return [
            Ask(slot.number, slot.rule, written(_filled(slot.prompt, answers)))
            for slot in self.slots
            if slot.number not in answers and all(needed.number in answers for needed in _open(slot.prompt))
        ]

    def filled(self, answers: Mapping[int, str]) -> Json:
        """The row with all its slots answered."""
        return _bare(_filled(self._data, answers) if self.slots else self._data)

    def facts(self, answers: Mapping[int, str]) -> dict[str, Json]:
        """The values that the row has one of, by their rules; those that nothing in the row asked a model for are left out."""
        return {
            name: _bare(_filled(value, answers))
            for name, value in self._values.items()
            if all(slot.number in answers for slot in _open(value))
        }


def draft(data: Value, values: Mapping[str, Value], slots: Sequence[Slot], path: Sequence[str]) -> Draft:
    """A draft with the slots that its row needs: a value that is drawn but not used is not worth a call."""
    if not slots:
        return Draft((), tuple(path), data, values)
    needed: dict[int, Slot] = {}
    left = [*_open(data)]
    while left:
        slot = left.pop()
        if slot.number not in needed:
            needed[slot.number] = slot
            left += _open(slot.prompt)
    return Draft(tuple(slot for slot in slots if slot.number in needed), tuple(path), data, values)


def joined(pieces: Sequence[Value]) -> Value:
    """The pieces as one text, which stays unfinished where a slot among them is open."""
    try:
        return "".join(pieces)  # type: ignore[arg-type]
    except TypeError:  # rare: nearly all pieces are text
        parts = tuple(piece if _is_open(piece) else written(piece) for piece in pieces)
        return Unfinished(parts) if any(type(part) is not str for part in parts) else "".join(parts)  # type: ignore[arg-type]


def written(value: Value) -> str:
    """A value as text: a structure is its JSON."""
    if isinstance(value, str):
        return value
    return value.text if isinstance(value, Plain) else orjson.dumps(value).decode()


def _bare(value: Value) -> Json:
    return value.value if isinstance(value, Plain) else value  # type: ignore[return-value]


def _is_open(value: Value) -> bool:
    return type(value) is not str and next(_open(value), None) is not None


def _open(value: Any) -> Iterator[Slot]:
    """The open slots in a value, not those that their prompts need."""
    if isinstance(value, Slot):
        yield value
    elif isinstance(value, Unfinished):
        for part in value.parts:
            yield from _open(part)
    elif isinstance(value, dict):
        for child in value.values():
            yield from _open(child)
    elif isinstance(value, list):
        for child in value:
            yield from _open(child)


def _filled(value: Any, answers: Mapping[int, str]) -> Any:
    if isinstance(value, Slot):
        return answers[value.number]
    if isinstance(value, Unfinished):
        return "".join([written(_filled(part, answers)) for part in value.parts])
    if isinstance(value, dict):
        return {key: _filled(child, answers) for key, child in value.items()}
    if isinstance(value, list):
        return [_filled(child, answers) for child in value]
    return value
