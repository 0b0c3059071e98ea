"""Opening a connection to addresses that have been checked, one after the other, with TLS where the URL says so."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Sequence

from loopwright.errors import EndpointMissing, Unavailable
from loopwright.llm.connection import Connection
from loopwright.llm.heads import Origin
from loopwright.llm.quoting import quote

PATIENCE_S = 3.0
"""How long an address may say nothing while there is another to try."""


def trusting() -> ssl.SSLContext:
    """TLS that trusts whom this machine trusts."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


async def dial(
    origin: Origin,
    addresses: Sequence[str],
    tls: ssl.SSLContext | None,
    make: Callable[[], Connection],
    patience_s: float = PATIENCE_S,
) -> Connection:
    """A connection to the first of `addresses` that takes one in time; the last may take what time the caller has left."""
    loop = asyncio.get_running_loop()
    name = origin.host.rstrip(".") if tls else None
    for number, address in enumerate(addresses, 1):
        try:
            async with asyncio.timeout(patience_s if number < len(addresses) else None):
                _, connection = await loop.create_connection(make, address, origin.port, ssl=tls, server_hostname=name)
        except ssl.SSLError as error:
            raise EndpointMissing(f"{origin.place} cannot be trusted over TLS: {quote(str(error))}") from error
        except OSError as error:
            failed = error
        else:
            if connection.ended():
                raise Unavailable(f"{origin.place} closed the connection as soon as it was open")
            return connection
    reason = os.strerror(failed.errno) if failed.errno else type(failed).__name__
    said = quote(reason, limit=80)
    raise Unavailable(f"{origin.place} cannot be connected to ({said}); is the server running?") from failed
