"""MessagePack by msgspec: shorter than JSON, and bytes stay bytes. Typed by the job's signature, like JSON."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec

from jobkit.coders.typed import decoded, plain, supports


class MessagePack:
    """Arguments as one MessagePack map."""

    name: Final = "msgpack"

    def encode(self, value: object) -> bytes:
        return _ENCODER.encode(value)

    def decode(self, body: bytes, type: Any) -> Any:
        return decoded(_decoder(type), body)

    def supports(self, type: Any) -> None:
        supports(type, _KNOWN)


_KNOWN: Final = (str, int, float, bool, bytes, list, dict, type(None))
"""What MessagePack itself can say."""

_ENCODER = msgspec.msgpack.Encoder(enc_hook=plain("MessagePack"))


@cache
def _decoder(type: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(type)
