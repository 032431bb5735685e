"""A coder of one's own."""

from __future__ import annotations

from typing import Any

import msgspec

import jobkit
from jobkit.coder import Coder


class MessagePack:
    """Structural: nothing of jobkit's is subclassed."""

    name = "msgpack"

    def encode(self, value: object) -> bytes:
        return msgspec.msgpack.encode(value)

    def decode(self, body: bytes, type: Any) -> Any:
        return msgspec.msgpack.decode(body, type=type)

    def supports(self, type: Any) -> None:
        msgspec.msgpack.Decoder(type)


class Nameless:
    def encode(self, value: object) -> bytes:
        return repr(value).encode()


coder: Coder = MessagePack()
wrong: Coder = Nameless()  # type: ignore[assignment]

app = jobkit.App(coder=MessagePack())
app.queue("mail", coder=MessagePack())
