"""Answers held to a JSON Schema while they are made: which tokens may follow, so that what ends is valid and fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson

from loopwright.llm.tiny.grammar import Grammar, State
from loopwright.llm.tiny.network import Floats
from loopwright.llm.tiny.tokens import END, SPECIALS
from loopwright.records import Json

_MOST_MOVES = 20_000
_MOST_SCHEMAS = 64


class Held(NamedTuple):
    """A schema ready to hold answers to: its automaton, and what was found out about it so far."""

    grammar: Grammar
    masks: dict[Any, Floats]
    moves: dict[tuple[State, int], State]


class Vocabulary:
    """The tokens as a grammar meets them. Masks and moves are kept by what decides them."""

    def __init__(self, tokens: Sequence[str], width: int) -> None:
        self._tokens = tokens
        self._width = width
        self._reach = max(map(len, tokens))
        self._branches = _branches(tokens)
        self._held: dict[bytes, Held] = {}

    def held(self, schema: Mapping[str, Json]) -> Held:
        """Raises `Rejected` for a schema that no answer can be held to."""
        canonical = orjson.dumps(schema)
        found = self._held.get(canonical)
        if found is None:
            if len(self._held) >= _MOST_SCHEMAS:
                self._held.clear()
            found = self._held[canonical] = Held(Grammar(schema), {}, {})
        return found

    def mask(self, held: Held, state: State) -> Floats:
        near = held.grammar.near(state, self._reach)
        found = held.masks.get(near)
        if found is None:
            found = held.masks[near] = self._made(held.grammar, state)
        return found

    def follow(self, held: Held, state: State, token: int) -> State:
        found = held.moves.get((state, token))
        if found is None:
            if len(held.moves) >= _MOST_MOVES:
                held.moves.clear()
            found = held.moves[state, token] = held.grammar.follow(state, self._tokens[token])
        return found

    def _made(self, grammar: Grammar, state: State) -> Floats:
        mask = np.full(self._width, -np.inf, np.float32)
        waiting = [(self._branches, state)]
        while waiting:
            branch, here = waiting.pop()
            mask[branch.tokens] = 0.0
            for sign, further in branch.further.items():
                there = grammar.follow(here, sign)
                if there:
                    waiting.append((further, there))
        mask[END] = 0.0 if grammar.ended(state) else -np.inf
        return mask


class _Branch(NamedTuple):
    tokens: list[int]
    further: dict[str, _Branch]


def _branches(tokens: Sequence[str]) -> _Branch:
    """The tokens by their characters, so that a beginning which many share is looked at once."""
    root = _Branch([], {})
    for token in range(len(SPECIALS), len(tokens)):
        branch = root
        for sign in tokens[token]:
            branch = branch.further.setdefault(sign, _Branch([], {}))
        branch.tokens.append(token)
    return root
