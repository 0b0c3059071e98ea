"""Which addresses a model's endpoint may have: the guard against requests that are sent where they must not go.

A host name may not lead to a private address unless the block says `allow_private`; an address that the user typed may be
private, but not link-local, where clouds keep their metadata.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from math import inf
from typing import TypeAlias

from loopwright.errors import EndpointMissing, Unavailable
from loopwright.llm.heads import Origin

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the addresses of a host and a port, or raises `OSError`."""

REMEMBERED_S = 10.0
"""How long the addresses of a name are taken to stay as they are."""

_METADATA = (ip_address("100.100.100.200"), ip_address("fd00:ec2::254"))
_NAT64 = ip_network("64:ff9b::/96")
_NUMBER_AT_THE_END = re.compile(r"(^|\.)(0[xX][0-9A-Fa-f]*|[0-9]+)\.?$")
HINT = "set `allow_private: true` on the model if this is meant"


def parse(host: str) -> IPv4Address | IPv6Address | None:
    """The address that `host` spells, None when it is a name."""
    try:
        return _unwrapped(ip_address(host.partition("%")[0]))
    except ValueError:
        return None


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside an IPv6 one that merely carries it."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def forbidden_literal(host: str) -> bool:
    """An address that nobody types for a model server: link-local, multicast, or a cloud's metadata."""
    address = parse(host)
    return address is not None and (address.is_link_local or address.is_multicast or address in _METADATA)


def check_literal(host: str) -> None:
    if forbidden_literal(host):
        raise EndpointMissing(f"{host} is a link-local or metadata address, not a model's endpoint; {HINT}")
    if parse(host) is None and _NUMBER_AT_THE_END.search(host):
        raise EndpointMissing(f"{host} is an address in a spelling that hides where it leads; write it as four numbers")


async def resolve(host: str, port: int) -> list[str]:
    """Asks the machine."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


@dataclass(slots=True)
class _Known:
    """What the last look-up of a name found, and when it ended."""

    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    at: float = -inf
    addresses: Sequence[str] = ()


class Lookup:
    """Looks names up and refuses those that lead inside; what it returns is what is to be dialled.

    Who asks for a name that is being looked up waits for that look-up, and shares what it finds, also if that is nothing.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._known: defaultdict[str, _Known] = defaultdict(_Known)

    async def addresses(self, origin: Origin) -> Sequence[str]:
        host = origin.host
        if not origin.allow_private:
            check_literal(host)
        if parse(host) is not None:
            return (host,)
        found = await self._find(host, origin.port)
        if not found:
            raise Unavailable(f"the host name of {origin.place} cannot be resolved; check `base_url` and the network")
        for address in found:
            if not origin.allow_private and not _fit(host, address):
                raise EndpointMissing(f"{host} resolves to {address}, which is not a public address; {HINT}")
        return found

    def forget(self) -> None:
        self._known.clear()

    async def _find(self, host: str, port: int) -> Sequence[str]:
        asked = time.monotonic()
        known = self._known[host]
        async with known.looking:
            if known.at < asked - (REMEMBERED_S if known.addresses else 0):
                try:
                    known.addresses = tuple(await self._resolver(host, port))
                except OSError:
                    known.addresses = ()
                known.at = time.monotonic()
            return known.addresses


def _fit(host: str, resolved: str) -> bool:
    address = parse(resolved)
    if address is None:
        return False
    local_name = host == "localhost" or host.endswith(".localhost")
    return (local_name and address.is_loopback) or (address.is_global and not address.is_multicast)
