"""Text to token ids and back: whole words with their leading space, single digits and marks, and characters for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from string import printable

PAD, END, USER, MODEL, REFUSE = range(5)
SPECIALS = ("<pad>", "<end>", "<user>", "<model>", "<refuse>")
CHARACTERS = tuple(sign for sign in printable if sign not in "\r\x0b\x0c")

_PIECE = re.compile(r" ?[A-Za-z']+| ?[0-9]| ?[^\sA-Za-z'0-9]|\s")


def pieces(text: str) -> list[str]:
    return _PIECE.findall(text)


class Tokenizer:
    """`decode(encode(text)) == text` for text of the characters that are in the vocabulary; others are left out."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.vocabulary = tuple(vocabulary)
        self._ids = {token: place for place, token in enumerate(self.vocabulary)}

    def encode(self, text: str) -> list[int]:
        return [token for piece in pieces(text) for token in self._of_piece(piece)]

    def decode(self, ids: Iterable[int]) -> str:
        return "".join(self.vocabulary[token] for token in ids if token >= len(SPECIALS))

    def known(self, text: str) -> float:
        """The share of the words of a text that are in the vocabulary as words; 1 where there are none."""
        words = [piece for piece in pieces(text) if len(piece.strip()) > 1]
        return sum(piece in self._ids for piece in words) / len(words) if words else 1.0

    def _of_piece(self, piece: str) -> list[int]:
        whole = self._ids.get(piece)
        if whole is not None:
            return [whole]
        return [self._ids[sign] for sign in piece if sign in self._ids]


def vocabulary(words: Iterable[str]) -> tuple[str, ...]:
    """The tokens in the order of their ids: the specials, every character, then the words that are none of these."""
    fixed = SPECIALS + CHARACTERS
    return fixed + tuple(sorted(set(words) - set(fixed)))
