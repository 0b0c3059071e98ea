"""Which addresses a model's endpoint may have: the guard against requests that are sent where they must not go.

A host name may not lead to a private address unless the block says `allow_private`; an address that the user typed may be
private, but not link-local, where clouds keep their metadata.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from loopwright.errors import EndpointMissing

_METADATA = (ip_address("100.100.100.200"), ip_address("fd00:ec2::254"))
_NAT64 = ip_network("64:ff9b::/96")
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


def check_literal(url: URL) -> None:
    if forbidden_literal(url.host or ""):
        raise EndpointMissing(f"{url.host} is a link-local or metadata address, not a model's endpoint; {HINT}")


class GuardedResolver(AbstractResolver):
    """Looks names up through another resolver and refuses those that lead inside; what it returns is what is dialled."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        for result in found:
            if not _fit(host, result["host"]):
                raise EndpointMissing(f"{host} resolves to {result['host']}, which is not a public address; {HINT}")
        return found

    async def close(self) -> None:
        await self._inner.close()


def _fit(host: str, resolved: str) -> bool:
    address = parse(resolved)
    if address is None:
        return False
    local_name = host == "localhost" or host.endswith(".localhost")
    return (local_name and address.is_loopback) or (address.is_global and not address.is_multicast)
