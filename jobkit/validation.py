"""What a backend refuses before it stores, or sends, anything: shared by every backend that wants it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from jobkit.backend import Capabilities, Dead, Done, Extension, Message, Release, RetryAt, Settlement
from jobkit.clock import MAX_MS
from jobkit.errors import InvalidArgument, InvalidMessage, Unsupported

MAX_NAME = 255
"""Bytes of UTF-8."""

MAX_DURATION = 2**52 - 1
"""142,000 years."""


def check_name(kind: str, value: object, error: type[InvalidArgument] = InvalidArgument) -> None:
    """Ids, queues, keys and namespaces: 1 to 255 bytes of UTF-8 without control and surrogate code points."""
    if not isinstance(value, str):
        raise error(f"{kind} is a str, not {type(value).__name__}")
    if value.isascii() and value.isprintable():
        size = len(value)
    else:
        for place, character in enumerate(value):
            if character < " " or "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff":
                raise error(f"{kind} has a control or surrogate code point, U+{ord(character):04X}, at {place}")
        size = len(value.encode())
    if not 1 <= size <= MAX_NAME:
        raise error(f"{kind} is 1 to {MAX_NAME} bytes of UTF-8, not {size}")


def check_time(kind: str, value: object, error: type[InvalidArgument] = InvalidArgument) -> None:
    if type(value) is not int:
        raise error(f"{kind} is a whole number of milliseconds, not {type(value).__name__}")
    if not 0 <= value <= MAX_MS:
        raise error(f"{kind} is 0 to 2**53 - 1 milliseconds, not {value}")


def check_duration(kind: str, value: object, error: type[InvalidArgument] = InvalidArgument, *, least: int = 0) -> None:
    """So bounded that now plus a duration is a time that every store keeps exactly."""
    if type(value) is not int:
        raise error(f"{kind} is a whole number of milliseconds, not {type(value).__name__}")
    if not least <= value <= MAX_DURATION:
        raise error(f"{kind} is {least} to 2**52 - 1 milliseconds, not {value}")


def check_batch(items: Sequence[object], capabilities: Capabilities, error: type[InvalidArgument]) -> None:
    if len(items) > capabilities.max_batch:
        raise error(f"a batch has at most {capabilities.max_batch} items here, not {len(items)}")


def check_messages(messages: Sequence[Message], capabilities: Capabilities) -> int:
    """Refuse the whole batch for one message that can't be stored as it is; how many bytes it has."""
    check_batch(messages, capabilities, InvalidMessage)
    total = 0
    for message in messages:
        total += _check_message(message, capabilities)
    if total > capabilities.max_batch_bytes:
        raise InvalidMessage(f"a batch has at most {capabilities.max_batch_bytes} bytes here, not {total}")
    return total


def _check_message(message: Message, capabilities: Capabilities) -> int:
    if not isinstance(message, Message):
        raise InvalidMessage(f"a batch holds messages, not {type(message).__name__}")
    check_name("id", message.id, InvalidMessage)
    check_name("queue", message.queue, InvalidMessage)
    if type(message.body) is not bytes:
        raise InvalidMessage(f"the body is bytes, not {type(message.body).__name__}")
    if len(message.body) > capabilities.max_body:
        raise InvalidMessage(f"the body has at most {capabilities.max_body} bytes here, not {len(message.body)}")
    _check_priority(message.priority, capabilities)
    if message.at is not None or message.after is not None:
        _check_due(message, capabilities)
    if message.key is not None:
        if not capabilities.keys:
            raise Unsupported("keys", "this backend has no keys: enqueue without key=")
        check_name("key", message.key, InvalidMessage)
    if message.remember is not None:
        if not capabilities.remember:
            raise Unsupported("remember", "this backend does not remember ids: enqueue without remember=")
        check_duration("remember", message.remember, InvalidMessage)
    size = len(message.body) + len(message.id) + len(message.queue)
    return size + _size_of_headers(message.headers)


def _check_priority(priority: object, capabilities: Capabilities) -> None:
    if type(priority) is not int:
        raise InvalidMessage(f"priority is an int, not {type(priority).__name__}")
    if capabilities.priority is None:
        if priority != 0:
            raise Unsupported("priority", "this backend has no priorities: enqueue with priority 0")
        return
    lowest, highest = capabilities.priority
    if not lowest <= priority <= highest:
        raise InvalidMessage(f"priority is {lowest} to {highest} here, not {priority}")


def _check_due(message: Message, capabilities: Capabilities) -> None:
    if not capabilities.delay:
        raise Unsupported("delay", "this backend can't delay: enqueue without at and after")
    if message.at is not None:
        if message.after is not None:
            raise InvalidMessage("a message has at or after, not both")
        check_time("at", message.at, InvalidMessage)
    else:
        check_duration("after", message.after, InvalidMessage)


def _size_of_headers(headers: object) -> int:
    if type(headers) is not dict and not isinstance(headers, Mapping):  # asking for the usual one is much quicker
        raise InvalidMessage(f"headers is a mapping of str to str, not {type(headers).__name__}")
    size = 0
    for name, value in cast("Mapping[object, object]", headers).items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise InvalidMessage("headers is a mapping of str to str")
        if name.isascii() and value.isascii():
            size += len(name) + len(value)
            continue
        try:
            size += len(name.encode()) + len(value.encode())
        except UnicodeEncodeError:
            raise InvalidMessage("a header has a surrogate code point, which UTF-8 can't carry") from None
    return size


def check_reserve(queues: Sequence[str], limit: int, lease: int, wait: int, capabilities: Capabilities) -> None:
    if isinstance(queues, str) or not queues:
        raise InvalidArgument("reserve takes a list of queues, at least one")
    for queue in queues:
        check_name("queue", queue)
    if len(set(queues)) != len(queues):
        raise InvalidArgument("reserve takes each queue once")
    if type(limit) is not int or not 1 <= limit <= capabilities.max_batch:
        raise InvalidArgument(f"limit is 1 to {capabilities.max_batch} here, not {limit!r}")
    check_duration("lease", lease, least=1)
    check_duration("wait", wait)
    if wait and not capabilities.wait:
        raise Unsupported("wait", "this backend can't wait: reserve with wait=0, again and again")


def check_settlements(settlements: Sequence[Settlement], capabilities: Capabilities) -> None:
    check_batch(settlements, capabilities, InvalidArgument)
    for settlement in settlements:
        match settlement:
            case Done() | Release():
                pass
            case RetryAt(at=at, after=after):
                _check_retry(at, after, capabilities)
            case Dead(reason=reason):
                if not capabilities.dead_letters:
                    raise Unsupported("dead_letters", "this backend keeps no dead jobs: settle as done")
                if not isinstance(reason, str):
                    raise InvalidArgument(f"a reason is a str, not {type(reason).__name__}")
            case _:
                raise InvalidArgument(f"not a settlement: {type(settlement).__name__}")
        _check_token(settlement.token)


def _check_retry(at: int | None, after: int | None, capabilities: Capabilities) -> None:
    if (at is None) == (after is None):
        raise InvalidArgument("a retry has at or after, one of them")
    if after is None:
        check_time("at", at)
    else:
        check_duration("after", after)
    if not capabilities.delay and after != 0:
        raise Unsupported("delay", "this backend can't delay: retry with after=0")


def check_extensions(extensions: Sequence[Extension], capabilities: Capabilities) -> None:
    check_batch(extensions, capabilities, InvalidArgument)
    for extension in extensions:
        if not isinstance(extension, Extension):
            raise InvalidArgument(f"not an extension: {type(extension).__name__}")
        _check_token(extension.token)
        check_duration("lease", extension.lease, least=1)
        if extension.checkpoint is not None:
            if not capabilities.checkpoints:
                raise Unsupported("checkpoints", "this backend keeps no checkpoints: extend without checkpoint=")
            _check_bytes("a checkpoint", extension.checkpoint, capabilities)


def _check_token(token: object) -> None:
    if not isinstance(token, str):
        raise InvalidArgument(f"a token is a str, not {type(token).__name__}")


def check_cell(name: str, value: bytes, expected_version: int, capabilities: Capabilities) -> None:
    check_name("cell", name)
    _check_bytes("a cell's value", value, capabilities)
    if type(expected_version) is not int or not 0 <= expected_version <= MAX_MS:
        raise InvalidArgument(f"an expected version is 0 (absent) to 2**53 - 1, not {expected_version!r}")


def _check_bytes(kind: str, value: object, capabilities: Capabilities) -> None:
    if type(value) is not bytes:
        raise InvalidArgument(f"{kind} is bytes, not {type(value).__name__}")
    if len(value) > capabilities.max_body:
        raise InvalidArgument(f"{kind} has at most {capabilities.max_body} bytes here, not {len(value)}")


def check_ids(ids: Sequence[str], capabilities: Capabilities) -> None:
    if isinstance(ids, str):
        raise InvalidArgument("ids is a list of str")
    check_batch(ids, capabilities, InvalidArgument)
    for id in ids:
        check_name("id", id)
