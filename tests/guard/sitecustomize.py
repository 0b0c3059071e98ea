"""Lets a Python process talk to this machine only.

The tests run it in their own process, and have it on the path of every Python process that they start.
"""

from __future__ import annotations

import sys
from ipaddress import ip_address

CONNECTS = ("socket.connect", "socket.sendto", "socket.sendmsg")
LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname")

refused: list[str] = []


class NetworkRefused(RuntimeError):
    """Not an OSError, so that no retry loop takes it for bad weather."""


def is_number(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def is_here(host: str) -> bool:
    if not is_number(host):
        return host in ("", "localhost")
    address = ip_address(host.partition("%")[0])
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def refuse(what: str) -> None:
    refused.append(what)
    raise NetworkRefused(f"the tests stay on this machine: {what}")


def guard(event: str, given: tuple[object, ...]) -> None:
    if event in CONNECTS:
        address = given[1]
        if isinstance(address, tuple) and isinstance(address[0], str) and not is_here(address[0]):
            refuse(f"{event} {address}")
    elif event in LOOKUPS:
        host = given[0].decode() if isinstance(given[0], bytes) else given[0]
        if isinstance(host, str) and not is_number(host) and not is_here(host):
            refuse(f"{event} {host}")


sys.addaudithook(guard)
