"""JSON by msgspec: the default coder. Readable, quick, and typed by the job's signature."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec

from jobkit.coders.typed import decoded, plain, supports


class JSON:
    """Arguments as one JSON object."""

    name: Final = "json"

    def encode(self, value: object) -> bytes:
        return _ENCODER.encode(value)

    def decode(self, body: bytes, type: Any) -> Any:
        return decoded(_decoder(type), body)

    def supports(self, type: Any) -> None:
        supports(type, _KNOWN)


_KNOWN: Final = (str, int, float, bool, list, dict, type(None))
"""What JSON itself can say."""

_ENCODER = msgspec.json.Encoder(enc_hook=plain("JSON"))


@cache
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type)
