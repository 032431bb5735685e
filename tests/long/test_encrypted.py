"""A server that itself speaks encrypted, with certificates on one side and on both: the one of the system does."""

from __future__ import annotations

from pathlib import Path

import pytest

import jobkit
from jobkit.backend import Message
from jobkit.backends.redis import factory
from jobkit.testing.redis.server import Server, free_port
from tests.backends.redis.certificates import Certificates
from tests.backends.redis.every_verb import every_verb

pytestmark = pytest.mark.realtime


@pytest.mark.parametrize("both", [False, True])
async def test_every_verb_and_nobody_without_a_certificate(tmp_path: Path, *, both: bool) -> None:
    certificates = Certificates(tmp_path)
    certificates.make()
    port = free_port()
    server = Server.start(*certificates.server_settings(port, clients=both))
    own = f"&ssl_certfile={certificates.path('client.pem')}&ssl_keyfile={certificates.path('client.key')}"
    url = f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificates.path('ca.pem')}"
    try:
        backend = factory(url + (own if both else ""), "shop", None)
        await every_verb(backend)
        await backend.close()
        stranger = factory(url if both else f"rediss://127.0.0.1:{port}", "shop", None)
        with pytest.raises(jobkit.BackendUnavailable):
            await stranger.enqueue([Message("a", "q", b"")])
        await stranger.close()
    finally:
        server.stop()
