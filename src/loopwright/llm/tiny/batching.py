"""Many sequences side by side: one joins when there is room, all take a step together, one leaves when it has ended.

What a sequence says is a function of what was asked, not of its place or its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, NamedTuple, TypeAlias, TypeVar

import numpy as np

from loopwright.llm.tiny.constrain import Held, Vocabulary
from loopwright.llm.tiny.grammar import State
from loopwright.llm.tiny.network import Network, Room
from loopwright.llm.tiny.sampling import Chosen, Mask, choose, draws, sharpness
from loopwright.llm.tiny.tokens import END

T = TypeVar("T")

Ending: TypeAlias = Literal["end", "stop", "length"]

SLOTS = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """A sequence to be continued. `key` is what its random numbers are made from; `prompt` is shorter than the context."""

    prompt: tuple[int, ...]
    most: int
    key: bytes
    temperature: float = 1.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    held: Held | None = None


class Said(NamedTuple):
    """The tokens that came, the log-probability of each, and why no more did. The end token is among them."""

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    ending: Ending


@dataclass(slots=True)
class _Sequence(Generic[T]):
    asked: Asked
    ticket: T
    most: int
    text: str = ""
    state: State = field(default_factory=frozenset)
    stopped: bool = False


class Batch(Generic[T]):
    """Up to `slots` sequences, each known by a ticket, in the first places of the arrays. For one thread at a time."""

    def __init__(self, network: Network, vocabulary: Sequence[str], slots: int = SLOTS) -> None:
        self._network = network
        self._tokens = vocabulary
        self.grammars = Vocabulary(vocabulary, network.unembed.width)
        self._room = Room(network, slots)
        self.slots = slots
        self._sequences: list[_Sequence[T]] = []
        self._last, self._place, self._given, self._most = (np.zeros(slots, np.int64) for _ in range(4))
        self._sharp, self._top_p = (np.ones(slots, np.float32) for _ in range(2))
        self._draws = np.zeros((slots, network.context), np.float64)
        self._said = np.zeros((slots, network.context), np.int64)
        self._logprobs = np.zeros((slots, network.context), np.float64)

    def __len__(self) -> int:
        return len(self._sequences)

    @property
    def tickets(self) -> list[T]:
        return [sequence.ticket for sequence in self._sequences]

    def join(self, asked: Asked, ticket: T) -> None:
        """Reads the prompt but for its last token, which the next step reads."""
        slot = len(self._sequences)
        read = len(asked.prompt) - 1
        most = min(asked.most, self._network.context - read)
        self._network.read(self._room, slot, np.array(asked.prompt[:-1], np.int64))
        self._last[slot], self._place[slot], self._given[slot], self._most[slot] = asked.prompt[-1], read, 0, most
        self._sharp[slot], self._top_p[slot] = sharpness(asked.temperature), asked.top_p
        self._draws[slot, :most] = draws(asked.key, most)
        begin = asked.held.grammar.begin if asked.held else frozenset[tuple[int, object]]()
        self._sequences.append(_Sequence(asked, ticket, most, state=begin))

    def step(self) -> list[tuple[T, Said]]:
        """One more token for every sequence; those that ended with it."""
        count = len(self._sequences)
        logits = self._network.step(self._room, self._last[:count], self._place[:count])
        slots, given = np.arange(count), self._given[:count]
        drawn = self._draws[slots, given]
        sharp, top_p = self._sharp[:count], self._top_p[:count]
        chosen = choose(logits, self._network.words, sharp, top_p, drawn, self._masks())
        self._note(chosen)
        ended = (chosen.tokens == END) | (given >= self._most[:count])
        ended |= self._watched(chosen)
        return [self._leave(int(slot)) for slot in np.flatnonzero(ended)[::-1]]

    def _note(self, chosen: Chosen) -> None:
        count = len(self._sequences)
        slots, given = np.arange(count), self._given[:count]
        self._said[slots, given] = chosen.tokens
        self._logprobs[slots, given] = chosen.logprobs
        self._last[:count] = chosen.tokens
        given += 1
        self._place[:count] += 1

    def _masks(self) -> list[Mask]:
        return [
            Mask(slot, self.grammars.mask(sequence.asked.held, sequence.state))
            for slot, sequence in enumerate(self._sequences)
            if sequence.asked.held is not None
        ]

    def _watched(self, chosen: Chosen) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Follows what stop strings and grammars have to see; which sequences a stop string ends."""
        ended = np.zeros(len(self._sequences), np.bool_)
        for slot, sequence in enumerate(self._sequences):
            asked = sequence.asked
            if asked.held is not None:
                sequence.state = self.grammars.follow(asked.held, sequence.state, int(chosen.tokens[slot]))
            if asked.stop:
                sequence.text += self._tokens[chosen.tokens[slot]]
                ended[slot] = sequence.stopped = any(stop in sequence.text for stop in asked.stop)
        return ended

    def _leave(self, slot: int) -> tuple[T, Said]:
        sequence = self._sequences[slot]
        given = int(self._given[slot])
        tokens = tuple(self._said[slot, :given].tolist())
        said = Said(tokens, tuple(self._logprobs[slot, :given].tolist()), _ending(tokens[-1], sequence.stopped))
        self._close(slot)
        return sequence.ticket, said

    def empty(self) -> None:
        self._sequences.clear()

    def drop(self, ticket: T) -> None:
        """The sequence of that ticket leaves without an answer."""
        self._close(self.tickets.index(ticket))

    def _close(self, slot: int) -> None:
        """Moves the last sequence to the place that has become free."""
        last = len(self._sequences) - 1
        if slot != last:
            self._sequences[slot] = self._sequences[last]
            self._room.move(last, slot, int(self._place[last]))
            for array in (self._last, self._place, self._given, self._most, self._sharp, self._top_p):
                array[slot] = array[last]
            for table in (self._draws, self._said, self._logprobs):
                table[slot] = table[last]
        self._sequences.pop()


def _ending(last: int, stopped: bool) -> Ending:
    if last == END:
        return "end"
    return "stop" if stopped else "length"
