"""Which rows go into which split: a row and all that it came from, or that came from it, go into the same one.

Where a family goes depends on the content of its first member alone, so that it stays there when the dataset grows, and
however often it is published.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import NamedTuple

from loopwright.text.groups import Groups


class Member(NamedTuple):
    """A row, accepted or not: what it came from, and fingerprints of what it says and of all that it holds."""

    id: str
    parents: tuple[str, ...]
    said: bytes
    content: bytes


def splits(members: Iterable[Member], shares: Mapping[str, float], outside: Mapping[str | bytes, bytes]) -> dict[str, str]:
    """The split of each member. `outside` is the content of parents that are no members: seeds."""
    families: Groups[str | bytes] = Groups()
    contents = dict(outside)
    ids = []
    for member in members:
        for parent in member.parents:
            families.join(parent, member.id)
        families.join(member.id, member.said)
        contents[member.id] = member.content
        ids.append(member.id)
    firsts = {id: families.first(id) for id in ids}
    places = {first: _place(contents.get(first, str(first).encode())) for first in firsts.values()}
    chosen = _chosen(places, shares)
    return {id: chosen[first] for id, first in firsts.items()}


def _place(content: bytes) -> float:
    return int.from_bytes(blake2b(content, digest_size=8, person=b"split").digest()) / 2**64


def _chosen(places: Mapping[str | bytes, float], shares: Mapping[str, float]) -> dict[str | bytes, str]:
    """By place, from 0 to 1. A split that no family falls into gets one of the fullest, as long as that keeps another."""
    ordered = sorted(places, key=lambda first: (places[first], str(first)))
    chosen = {first: _at(places[first], shares) for first in ordered}
    for name, share in shares.items():
        held = Counter(chosen.values())
        if share and ordered and not held[name] and max(held.values()) > 1:
            fullest = max(shares, key=lambda each: held[each])
            chosen[next(first for first in ordered if chosen[first] == fullest)] = name
    return chosen


def _at(place: float, shares: Mapping[str, float]) -> str:
    reached, total = 0.0, sum(shares.values())
    for name, share in shares.items():
        reached += share / total
        if place < reached:
            return name
    return [name for name in shares if shares[name]][-1]
