"""Which signatures agree with one in a whole band: tables of chains, two bytes a link, so that a text takes little memory.

A table that is full stays as it is, and the next one is twice as large, up to a limit: nothing is ever moved or sorted anew.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import TypeAlias

FIRST = 4096
LARGEST = 32_768
"""Signatures of a table. Both are powers of two, and fit into two bytes."""

Signature: TypeAlias = bytes
Band: TypeAlias = bytes


class Agreeing:
    """Signatures of so many bytes, of which the first are cut into `number` bands of `width`."""

    def __init__(self, number: int, width: int, length: int) -> None:
        self._number = number
        self._width = width
        self._length = length
        self._tables: list[_Table] = []

    def __len__(self) -> int:
        return self._tables[-1].start + len(self._tables[-1]) if self._tables else 0

    def add(self, signature: Signature) -> None:
        last = self._tables[-1] if self._tables else None
        if last is None or len(last) == last.size:
            size = FIRST if last is None else min(2 * last.size, LARGEST)
            last = _Table(len(self), size, self._length, self._number)
            self._tables.append(last)
        last.add(signature, self._bands(signature))

    def find(self, signature: Signature, since: int = 0) -> Iterator[tuple[int, Signature]]:
        """Those that agree in a band: how many were added before each, and what it is; `since` leaves out so many."""
        bands = self._bands(signature)
        for table in self._tables:
            if table.start + table.size > since:
                yield from table.find(bands, since)

    @property
    def bytes(self) -> int:
        return sum(table.bytes for table in self._tables)

    def _bands(self, signature: Signature) -> list[Band]:
        return [signature[at : at + self._width] for at in range(0, self._number * self._width, self._width)]


class _Table:
    """Of each band and hash where the chain begins, and of each link where it goes on; 0 ends it. In what chain a band lies
    depends on Python's hashes, which differ between processes; what is found does not."""

    def __init__(self, start: int, size: int, length: int, number: int) -> None:
        self.start = start
        self.size = size
        self._length = length
        self._held = bytearray()
        self._heads = array("H", bytes(2 * size * number))
        self._links = array("H")

    def __len__(self) -> int:
        return len(self._held) // self._length

    def add(self, signature: Signature, bands: Sequence[Band]) -> None:
        self._held += signature
        place, heads, links = len(self), self._heads, self._links
        for at, band in enumerate(bands):
            head = at * self.size + (hash(band) & self.size - 1)
            links.append(heads[head])
            heads[head] = place

    def find(self, bands: Sequence[Band], since: int) -> list[tuple[int, Signature]]:
        heads, links, begins, size, length = self._heads, self._links, self._held.startswith, self.size, self._length
        last, number, width = max(0, since - self.start), len(bands), len(bands[0])
        found: set[int] = set()
        for at, band in enumerate(bands):
            place = heads[at * size + (hash(band) & size - 1)]
            while place > last:
                place -= 1
                if begins(band, place * length + at * width):
                    found.add(place)
                place = links[place * number + at]
        return [(self.start + place, bytes(self._held[place * length : (place + 1) * length])) for place in sorted(found)]

    @property
    def bytes(self) -> int:
        return sum(map(sys.getsizeof, (self._held, self._heads, self._links)))
