"""The ways to one server: encrypted, with certificates on one side or both, and through a socket of the file system."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

import jobkit
from jobkit.backend import Message
from jobkit.backends.redis.server import Server
from tests.backends.redis.certificates import Certificates
from tests.backends.redis.clients import Open
from tests.backends.redis.every_verb import every_verb


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    certificates = Certificates(tmp_path_factory.mktemp("certificates"))
    certificates.make()
    return certificates


@pytest.fixture(params=["server", "both"])
async def encrypted(
    request: pytest.FixtureRequest, server: Server, certificates: Certificates
) -> AsyncIterator[tuple[str, bool]]:
    """An address behind which a server is spoken to encrypted, and whether clients have to show a certificate.

    Not every server is built with that, so somebody stands in front of it; the long tests ask a real one.
    """
    both = request.param == "both"

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", server.port)
        ways = [asyncio.create_task(carry(*each)) for each in ((reader, up_writer), (up_reader, writer))]
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        up_writer.close()
        writer.close()

    context = certificates.context(clients=both)
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as listening:
        yield f"rediss://127.0.0.1:{listening.sockets[0].getsockname()[1]}", both


async def test_every_verb_through_a_socket_of_the_file_system(server: Server, clients: Open) -> None:
    await every_verb(clients(f"{server.unix_url}?db=1"))


async def test_every_verb_encrypted(encrypted: tuple[str, bool], certificates: Certificates, clients: Open) -> None:
    url, both = encrypted
    options = f"?ssl_ca_certs={certificates.path('ca.pem')}"
    if both:
        options += f"&ssl_certfile={certificates.path('client.pem')}&ssl_keyfile={certificates.path('client.key')}"
    await every_verb(clients(url + options))


async def test_a_server_that_nobody_vouches_for_is_refused(encrypted: tuple[str, bool], clients: Open) -> None:
    url, _ = encrypted
    backend = clients(f"{url}")
    with pytest.raises(jobkit.BackendUnavailable, match="(?i)certificate"):
        await backend.enqueue([Message("a", "q", b"")])
    with pytest.raises(jobkit.BackendUnavailable, match="(?i)certificate"):
        await asyncio.to_thread(backend.blocking().enqueue, [Message("a", "q", b"")])


async def test_a_client_that_nobody_vouches_for_is_refused(
    encrypted: tuple[str, bool], certificates: Certificates, clients: Open
) -> None:
    url, both = encrypted
    own = f"&ssl_certfile={certificates.path('stranger.pem')}&ssl_keyfile={certificates.path('stranger.key')}"
    backend = clients(f"{url}?ssl_ca_certs={certificates.path('ca.pem')}{own if both else ''}")
    if both:
        with pytest.raises(jobkit.BackendUnavailable):
            await backend.enqueue([Message("a", "q", b"")])
    else:
        await every_verb(backend)
