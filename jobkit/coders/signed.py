"""Bodies with a signature: a worker performs only what somebody with the key has enqueued. They stay readable."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Any, Final

from jobkit.coder import Coder
from jobkit.coders.json import JSON
from jobkit.coders.key_rotation import associated_data, parse_keys

SIZE: Final = 32
"""Bytes of HMAC-SHA-256, in front of the body."""


class Signed:
    """``App(coder=Signed([new, old]))``: signs with the first key, and takes what any of them has signed.

    A signature covers the arguments and the job's name, not the id: who may write into the store can have a job that
    was once enqueued performed again. ``coder``: how the arguments are encoded, JSON unless said. To change keys: put
    the new one last everywhere, then first, then leave the old one out once all that it signed is performed.
    """

    sealed: Final = True

    def __init__(self, keys: str | bytes | Sequence[str | bytes], coder: Coder | None = None) -> None:
        self._keys = parse_keys(keys)
        self._coder = coder or JSON()
        self.name = f"signed-{self._coder.name}"

    def encode(self, value: object) -> bytes:
        body = self._coder.encode(value)
        return _signature(self._keys[0], type(value), body) + body

    def decode(self, body: bytes, type: Any) -> Any:
        signature, inner = body[:SIZE], body[SIZE:]
        if not any(hmac.compare_digest(signature, _signature(key, type, inner)) for key in self._keys):
            raise ValueError(
                "the signature is not by one of this app's keys, or the body was changed, or another job's"
            )
        return self._coder.decode(inner, type)

    def supports(self, type: Any) -> None:
        self._coder.supports(type)

    def __repr__(self) -> str:
        return f"Signed({len(self._keys)} keys, {self._coder.name})"


def _signature(key: bytes, type: Any, body: bytes) -> bytes:
    return hmac.digest(key, associated_data(type) + body, "sha256")
