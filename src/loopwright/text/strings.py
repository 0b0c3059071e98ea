"""Many short strings, one after the other in memory: each takes what it says and four bytes, not a Python object."""

from __future__ import annotations

import sys
from array import array


class Strings:
    """Strings that were appended, by their place."""

    def __init__(self) -> None:
        self._said = bytearray()
        self._ends = array("I")

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, place: int) -> str:
        begin = self._ends[place - 1] if place else 0
        return self._said[begin : self._ends[place]].decode("utf-8", "surrogatepass")

    def append(self, text: str) -> None:
        self._said += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._said))

    @property
    def bytes(self) -> int:
        return sys.getsizeof(self._said) + sys.getsizeof(self._ends)
