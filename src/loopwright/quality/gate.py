"""The gate: orders validators cheap first, stops at a row's first failure, and keeps what each said, in order.

`examine` is for `act`: it looks at one row, beside what had been accepted when the trial was allowed to start. `Memories.look`
is for `settle`: it decides beside all that has been accepted since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from loopwright.quality.guarding import guarded
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Asker, Asks, Compares, Judges, Parameters, Remembers, Validator, Weighs

_COST_OF_OTHERS = ((Judges, Parameters.cost), (Compares, 50), (Asks, 90), (Weighs, 100))


class Said(NamedTuple):
    """A ruling by the name of the validator whose it is."""

    validator: str
    ruling: Ruling


class Memories:
    """What the comparing validators remember of all accepted rows, in the order of the gate. Only `settle` admits."""

    def __init__(self, memories: Mapping[str, Remembers]) -> None:
        self._memories = dict(memories)
        self._admitted = 0

    def __len__(self) -> int:
        return self._admitted

    def look(self, row: Row) -> list[Said]:
        """Up to the first failure."""
        return _until_failure(View(self._memories).each(row))

    def admit(self, id: str, row: Row) -> None:
        for memory in self._memories.values():
            memory.admit(id, row)
        self._admitted += 1

    def view(self) -> View:
        """What is remembered now, also after more has been admitted. It costs next to nothing."""
        return View(self._memories, self._admitted)

    def bytes(self) -> dict[str, int]:
        """About how much memory each one takes."""
        return {name: memory.bytes for name, memory in self._memories.items()}


class View:
    """Frozen: what `Memories` held when it was taken."""

    def __init__(self, memories: Mapping[str, Remembers], among: int | None = None) -> None:
        self._memories = memories
        self._among = among

    def look(self, name: str, row: Row) -> Ruling:
        memory = self._memories.get(name)
        if memory is None:
            return Ruling(True, reason="nothing is remembered yet")
        with guarded(name) as raised:
            return memory.look(row, self._among)
        return raised.ruling

    def each(self, row: Row) -> Iterator[Said]:
        for name in self._memories:
            yield Said(name, self.look(name, row))


class Gate:
    """The validators of a recipe, in the order in which rows meet them."""

    def __init__(self, validators: Mapping[str, Validator]) -> None:
        ordered = sorted(validators.items(), key=lambda entry: _cost(entry[1]))
        self._row_by_row = {name: validator for name, validator in ordered if not isinstance(validator, Weighs)}
        self._of_batches = {name: validator for name, validator in ordered if isinstance(validator, Weighs)}

    @property
    def order(self) -> tuple[str, ...]:
        """The names: first those that look at rows, then those that look at batches."""
        return (*self._row_by_row, *self._of_batches)

    @property
    def asks(self) -> tuple[str, ...]:
        """The names of those that ask models, which costs."""
        return tuple(name for name, validator in self._row_by_row.items() if isinstance(validator, Asks))

    def memories(self) -> Memories:
        """Empty ones, for a run to fill."""
        found = {name: one.memory() for name, one in self._row_by_row.items() if isinstance(one, Compares)}
        return Memories(found)

    async def examine(self, row: Row, asker: Asker, view: View) -> list[Said]:
        """What they say of the row, up to the first failure. The row passes when all of them do."""
        said: list[Said] = []
        for name, validator in self._row_by_row.items():
            if isinstance(validator, Compares):
                ruling = view.look(name, row)
            elif isinstance(validator, Asks):
                ruling = await _asked(name, validator, row, asker)
            else:
                ruling = _judged(name, validator, row)
            said.append(Said(name, ruling))
            if not ruling.passed:
                break
        return said

    def weigh(self, rows: Sequence[Row]) -> list[Said]:
        """What they say of a batch, all of them."""
        return [Said(name, _weighed(name, validator, rows)) for name, validator in self._of_batches.items()]


def passed(said: Sequence[Said]) -> bool:
    return all(one.ruling.passed for one in said)


def _until_failure(rulings: Iterator[Said]) -> list[Said]:
    said = []
    for one in rulings:
        said.append(one)
        if not one.ruling.passed:
            break
    return said


def _cost(validator: Validator) -> int:
    by_sort = next(cost for sort, cost in _COST_OF_OTHERS if isinstance(validator, sort))
    return int(getattr(validator, "cost", by_sort))


def _judged(name: str, validator: Judges, row: Row) -> Ruling:
    with guarded(name) as raised:
        return validator.judge(row)
    return raised.ruling


async def _asked(name: str, validator: Asks, row: Row, asker: Asker) -> Ruling:
    with guarded(name) as raised:
        return await validator.ask(row, asker)
    return raised.ruling


def _weighed(name: str, validator: Weighs, rows: Sequence[Row]) -> Ruling:
    with guarded(name) as raised:
        return validator.weigh(rows)
    return raised.ruling
