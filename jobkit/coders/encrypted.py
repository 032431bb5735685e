"""Bodies that only who has the key can read or write. Needs the extra ``crypto``."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any, Final

from jobkit.coder import Coder
from jobkit.coders.json import JSON
from jobkit.coders.key_rotation import associated_data, parse_keys
from jobkit.errors import ConfigurationError

try:
    from cryptography.fernet import Fernet, InvalidToken, MultiFernet
except ImportError as error:
    raise ConfigurationError("Encrypted needs the package cryptography: pip install 'jobkit-core[crypto]'") from error


class Encrypted:
    """``App(coder=Encrypted([new, old]))``: encrypts with the first key, and reads what any of them has encrypted.

    Fernet of the package cryptography: AES-128 in CBC mode with an HMAC, by a key derived from each given one. Job
    names, queues, ids and metadata stay readable, and so do the reasons of dead jobs: what an exception says is not
    encrypted. As with `Signed`, a stored job can be performed again, but not changed, nor taken for another job's.
    Keys are changed as there. A body is a third longer than what is in it.
    """

    sealed: Final = True

    def __init__(self, keys: str | bytes | Sequence[str | bytes], coder: Coder | None = None) -> None:
        self._fernet = MultiFernet([Fernet(_derived(key)) for key in parse_keys(keys)])
        self._coder = coder or JSON()
        self.name = f"encrypted-{self._coder.name}"

    def encode(self, value: object) -> bytes:
        return self._fernet.encrypt(associated_data(type(value)) + self._coder.encode(value))

    def decode(self, body: bytes, type: Any) -> Any:
        try:
            opened = self._fernet.decrypt(body)
        except InvalidToken:
            raise ValueError("the body is not encrypted with one of this app's keys, or it was changed") from None
        purpose = associated_data(type)
        if not opened.startswith(purpose):
            raise ValueError("the body is another job's")
        return self._coder.decode(opened.removeprefix(purpose), type)

    def supports(self, type: Any) -> None:
        self._coder.supports(type)

    def __repr__(self) -> str:
        return f"Encrypted({self._coder.name})"


def _derived(key: bytes) -> bytes:
    """Keys are random already, so that one hash makes one of Fernet's size; and no other use of it has this one."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"jobkit.coders.encrypted\0" + key).digest())
