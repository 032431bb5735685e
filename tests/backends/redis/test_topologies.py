"""The ways to one server: encrypted, with certificates on one side or both, and through a socket of the file system."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from functools import partial

import pytest

import jobkit
from jobkit.backend import Message
from jobkit.testing.redis.server import Server
from tests.backends.redis.certificates import Certificates
from tests.backends.redis.clients import Open
from tests.backends.redis.every_verb import every_verb
from tests.backends.redis.forwarder import Hop

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    certificates = Certificates(tmp_path_factory.mktemp("certificates"))
    certificates.make()
    return certificates


@pytest.fixture(params=["server", "both"])
def encrypted(request: pytest.FixtureRequest, server: Server, certificates: Certificates) -> Iterator[tuple[str, bool]]:
    """An address behind which a server is spoken to encrypted, and whether clients have to show a certificate.

    Not every server is built with that, so somebody stands in front of it; the long tests ask a real one.
    """
    both = request.param == "both"

    hop = Hop()
    port = hop.encrypted(server.port, certificates.context(clients=both))
    yield f"rediss://127.0.0.1:{port}", both
    hop.close()


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


@pytest.mark.parametrize("answers", [0, 2])
@pytest.mark.parametrize("closed", [False, True])
async def test_an_encrypted_connection_is_gone_also_where_nobody_says_goodbye(
    certificates: Certificates, clients: Open, *, answers: int, closed: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        up = asyncio.Event()
        told = partial(asyncio.get_running_loop().call_soon_threadsafe, up.set)
        context = certificates.context(clients=False)
        ended = asyncio.create_task(asyncio.to_thread(_silent, listening, context, answers, told))
        url = f"rediss://127.0.0.1:{listening.getsockname()[1]}?ssl_ca_certs={certificates.path('ca.pem')}"
        backend = clients(f"{url}&timeout=500")
        enqueuing = asyncio.create_task(backend.enqueue([Message("a", "q", b"")]))
        if closed:
            await up.wait()
            await backend.close()
        with pytest.raises(jobkit.Closed if closed else jobkit.BackendUnavailable):
            await enqueuing
        await ended


def _silent(listening: socket.socket, context: ssl.SSLContext, answers: int, up: Callable[[], object]) -> None:
    """Shake hands, answer so often, and then only watch until the other side has gone: not as asyncio's server does,
    which says goodbye by itself.
    """
    accepted, _ = listening.accept()
    encrypted = context.wrap_socket(accepted, server_side=True)
    encrypted.sendall(b"+OK\r\n" * answers)
    with socket.socket(fileno=encrypted.detach()) as watching:
        watching.settimeout(15)
        up()
        with contextlib.suppress(ConnectionResetError):
            while watching.recv(1 << 16):
                pass
