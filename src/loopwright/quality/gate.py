"""The gate: orders validators cheap first, stops at a row's first failure, and keeps what each said, in order.

`begin` and `examine` are for `act`: they look at rows beside what had been accepted when the trial was allowed to start.
`Memories.look` is for `settle`: it decides beside all that has been accepted since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from loopwright.quality.guarding import guarded
from loopwright.quality.row import Row, Ruling
from loopwright.quality.validator import Asker, Asks, Compares, Expects, Judges, Loads, Parameters, Remembers, Validator, Weighs

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
    """Frozen: what `Memories` held when it was taken. Of two views as one, the other is asked first."""

    def __init__(self, memories: Mapping[str, Remembers], among: int | None = None, other: View | None = None) -> None:
        self._memories = memories
        self._among = among
        self._other = other

    def beside(self, other: View) -> View:
        """Both as one: a row passes that passes beside each of them."""
        return View(self._memories, self._among, other)

    def expect(self, rows: Sequence[Row]) -> None:
        """Tells that these are going to be looked at. What one raises now it raises again when it looks."""
        if self._other is not None:
            self._other.expect(rows)
        for name, memory in self._memories.items():
            if isinstance(memory, Expects):
                with guarded(name):
                    memory.expect(rows, self._among)

    def expects(self, name: str) -> bool:
        """Whether it is quicker where it knows beforehand which rows it is going to look at."""
        theirs = self._other is not None and self._other.expects(name)
        return theirs or isinstance(self._memories.get(name), Expects)

    def look(self, name: str, row: Row) -> Ruling:
        if self._other is not None and not (ruling := self._other.look(name, row)).passed:
            return ruling
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
        self.validators = dict(ordered)
        # Sorted once: asking a validator which protocol it has takes longer than most of them take for a row.
        self._of_batches = {name: one for name, one in ordered if isinstance(one, Weighs)}
        self._asking = {name: one for name, one in ordered if isinstance(one, Asks)}
        self._judging = {name: one for name, one in ordered if isinstance(one, Judges) and name not in self._asking}
        self._comparing = {name: one for name, one in ordered if isinstance(one, Compares)}
        self._row_by_row = [name for name, _ in ordered if name not in self._of_batches]

    @property
    def order(self) -> tuple[str, ...]:
        """The names: first those that look at rows, then those that look at batches."""
        return (*self._row_by_row, *self._of_batches)

    @property
    def asks(self) -> tuple[str, ...]:
        """The names of those that ask models, which costs."""
        return tuple(self._asking)

    def load(self) -> None:
        """What they need beside their parameters, so that what is missing is said before a call is paid for."""
        for each in self.validators.values():
            if isinstance(each, Loads):
                each.load()

    def memories(self) -> Memories:
        """Empty ones, for a run to fill."""
        return Memories({name: one.memory() for name, one in self._comparing.items()})

    def begin(self, rows: Sequence[Row], view: View) -> list[list[Said]]:
        """What they say of each row up to its first failure, or to the first that asks a model or expects rows: that one need
        expect no others than those that come so far."""
        early = [*takewhile(lambda name: name not in self._asking and not view.expects(name), self._row_by_row)]
        begun = [_until_failure(Said(name, self._told(name, row, view)) for name in early) for row in rows]
        view.expect([row for row, said in zip(rows, begun, strict=True) if passed(said)])
        return begun

    async def examine(self, row: Row, asker: Asker, view: View, begun: Sequence[Said] = ()) -> list[Said]:
        """What they say of the row, up to the first failure, where they have not `begun`. It passes when all of them do."""
        said = list(begun)
        for name in self._row_by_row[len(said) :] if passed(said) else ():
            asking = self._asking.get(name)
            ruling = self._told(name, row, view) if asking is None else await _asked(name, asking, row, asker)
            said.append(Said(name, ruling))
            if not ruling.passed:
                break
        return said

    def look(self, row: Row, view: View) -> list[Said]:
        """What those that ask no model say of the row, up to the first failure."""
        return _until_failure(Said(name, self._told(name, row, view)) for name in self._row_by_row if name not in self._asking)

    def _told(self, name: str, row: Row, view: View) -> Ruling:
        judging = self._judging.get(name)
        return view.look(name, row) if judging is None else _judged(name, judging, row)

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
