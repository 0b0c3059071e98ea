"""TLS for real: a server with a certificate of its own making, trusted and not, on loopback."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from loopwright.errors import EndpointMissing, Unavailable
from loopwright.llm.dialling import trusting
from loopwright.llm.http import Http


class Server(NamedTuple):
    port: int
    certificate: Path
    greeted: list[str | None]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key, and a certificate for `localhost` and 127.0.0.1."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    files = ["-keyout", "key.pem", "-out", "certificate.pem", "-addext", names]
    subprocess.run([*command.split(), *files], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
async def server(pair: Path) -> AsyncIterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair / "certificate.pem", pair / "key.pem")
    context.set_alpn_protocols(["h2", "http/1.1"])
    greeted: list[str | None] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeted.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n{}")
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    yield Server(listening.sockets[0].getsockname()[1], pair / "certificate.pem", greeted)
    listening.close()
    for _ in range(20):
        await asyncio.sleep(0)


def knowing(certificate: Path) -> ssl.SSLContext:
    context = trusting()
    context.load_verify_locations(certificate)
    return context


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1"])
async def test_a_server_that_is_trusted_is_asked_over_one_connection(host: str, server: Server) -> None:
    async def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    http = Http(tls=knowing(server.certificate), resolver=here)
    for _ in range(3):
        assert await http.post(f"https://{host}:{server.port}/v1", {}, b"{}", allow_private=True) == b"secret"
    assert server.greeted == ["http/1.1"]
    await http.close()


async def test_a_server_that_nobody_vouches_for_is_not(server: Server) -> None:
    http = Http()
    with pytest.raises(EndpointMissing, match="cannot be trusted over TLS"):
        await http.post(f"https://127.0.0.1:{server.port}/v1", {"Authorization": "Bearer sk-canary"}, b"{}")
    assert server.greeted == []
    await http.close()


async def test_a_certificate_counts_for_the_name_that_was_asked_for_not_for_where_it_led(server: Server) -> None:
    async def elsewhere(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    http = Http(tls=knowing(server.certificate), resolver=elsewhere)
    with pytest.raises(EndpointMissing, match="cannot be trusted over TLS"):
        await http.post(f"https://model:{server.port}/v1", {}, b"{}", allow_private=True)
    await http.close()


async def test_a_server_that_hangs_up_in_the_handshake_is_unavailable_and_has_billed_nothing() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    listening = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    http = Http()
    with pytest.raises(Unavailable, match="cannot be connected to") as caught:
        await http.post(f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1", {}, b"{}")
    assert not caught.value.charged
    await http.close()
    listening.close()


@pytest.mark.parametrize("handshake", [True, False])
async def test_a_call_that_is_given_up_leaves_nothing_open(handshake: bool, server: Server) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        ended.set_result(await reader.read() is not None)
        writer.close()

    reached, ended = asyncio.Event(), asyncio.get_running_loop().create_future()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.certificate.with_name("key.pem"))
    listening = await asyncio.start_server(silent, "127.0.0.1", 0, ssl=context if handshake else None)
    http = Http(tls=knowing(server.certificate))
    url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    call = asyncio.create_task(http.post(url, {}, b"{}"))
    await reached.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await ended
    await http.close()
    listening.close()
