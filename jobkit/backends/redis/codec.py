"""How messages, tokens and references are written in Redis, and read back."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from jobkit.backend import Message


class StoredMessage(Struct, frozen=True, array_like=True):
    """A message without its id, as stored. Equal messages are packed into equal bytes."""

    queue: str
    priority: int
    at: int | None
    after: int | None
    key: str | None
    remember: int | None
    headers: Mapping[str, str]
    body: bytes


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(StoredMessage)

SEQ_BYTES = 6
"""Bytes of the sequence number, in front of what is stored and of each member."""


def pack(message: Message) -> bytes:
    return _encoder.encode(
        StoredMessage(
            message.queue,
            message.priority,
            message.at,
            message.after,
            message.key,
            message.remember,
            message.headers,
            message.body,
        )
    )


def unpack(id: str, stored: bytes) -> Message:
    """The message in what is stored of a job."""
    packed = _decoder.decode(memoryview(stored)[SEQ_BYTES:])
    return Message(
        id,
        packed.queue,
        packed.body,
        packed.priority,
        packed.at,
        packed.after,
        packed.key,
        packed.remember,
        packed.headers,
    )


def unpack_or_damaged(id: str, stored: bytes | None, queue: str, priority: int) -> Message:
    """The message in what is stored, or when that is damaged, a message of whatever is there.

    Such a one is no job that a worker knows, so it ends among the dead, where it can be looked at.
    """
    try:
        return unpack(id, stored or b"")
    except msgspec.DecodeError:
        return Message(id, queue, stored or b"", priority, headers={"damaged": "what is stored of it can't be read"})


class JobRef(Struct, frozen=True):
    """Everything that a script needs to know to find a job: it travels in the token, so that nothing is looked up."""

    id: str
    queue: str
    priority: int
    place: bytes
    key: str
    remember: int

    @classmethod
    def of(cls, message: Message, place: bytes) -> JobRef:
        return cls(message.id, message.queue, message.priority, place, message.key or "", message.remember or 0)

    @property
    def member(self) -> bytes:
        return self.place + self.id.encode()

    def __str__(self) -> str:
        sizes = f"{len(self.queue)}.{len(self.key)}"
        return f"{self.priority}.{self.place.hex()}.{self.remember}.{sizes}.{self.queue}{self.key}{self.id}"


def read_ref(text: str) -> JobRef | None:
    """The reference that a text stands for; None for what no `Ref` wrote."""
    try:
        priority, place, remember, queue_size, key_size, names = text.split(".", 5)
        queue_end = int(queue_size)
        key_end = queue_end + int(key_size)
        return JobRef(
            names[key_end:],
            names[:queue_end],
            int(priority),
            bytes.fromhex(place),
            names[queue_end:key_end],
            int(remember),
        )
    except ValueError:
        return None


def token(secret: str, ref: JobRef) -> str:
    return f"{secret}.{ref}"


def read_token(text: str) -> tuple[str, str, JobRef] | None:
    """The random part, the reference as it is written, and as it is read; None for what was never issued here."""
    secret, _, written = text.partition(".")
    ref = read_ref(written)
    return (secret, written, ref) if ref is not None and (text.isascii() or _encodable(text)) else None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
