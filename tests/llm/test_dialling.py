"""An address that swallows what is sent to it costs a little of the deadline, not all of it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest

from loopwright.errors import Unavailable
from loopwright.llm.connection import Connection, Shared
from loopwright.llm.dialling import dial
from loopwright.llm.heads import head

SILENT = "127.0.0.2"


@contextlib.contextmanager
def silent(port: int) -> Iterator[None]:
    """An address that takes no connection and says nothing: its line is full, and the system drops who else comes."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((SILENT, port))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((SILENT, port))
        yield


async def test_the_next_address_is_tried_soon_after_one_that_says_nothing() -> None:
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    origin = head(f"http://localhost:{port}/v1", {}, allow_private=False).origin
    shared = Shared()
    with silent(port):
        async with asyncio.timeout(10):
            connection = await dial(
                origin, [SILENT, "127.0.0.1"], None, lambda: Connection(origin.place, 100, shared), patience_s=0.05
            )
    assert connection in shared.open
    connection.abort()
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0)


async def test_the_last_address_has_all_that_is_left_of_the_deadline() -> None:
    with socket.socket() as free:
        free.bind((SILENT, 0))
        port = free.getsockname()[1]
    origin = head(f"http://localhost:{port}/v1", {}, allow_private=False).origin
    with silent(port):
        dialled = asyncio.create_task(
            dial(origin, [SILENT, SILENT], None, lambda: Connection(origin.place, 100, Shared()), patience_s=0.01)
        )
        done, _ = await asyncio.wait([dialled], timeout=0.2)
        assert not done
        dialled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dialled


async def test_an_address_that_refuses_after_one_that_says_nothing_is_what_is_told() -> None:
    with socket.socket() as free:
        free.bind((SILENT, 0))
        port = free.getsockname()[1]
    origin = head(f"http://localhost:{port}/v1", {}, allow_private=False).origin
    with silent(port), pytest.raises(Unavailable, match="refused"):
        await dial(origin, [SILENT, "127.0.0.1"], None, lambda: Connection(origin.place, 100, Shared()), patience_s=0.01)
