"""A call's arguments as they travel, or why they can't."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import cast

from jobkit.coder import Coder
from jobkit.enqueue.annotation_hint import suggest_annotation
from jobkit.errors import LossyArgument
from jobkit.jobs.round_trip import RoundTripError, first_difference
from jobkit.jobs.signature import Signature
from jobkit.redaction import redacted_key


def encode_arguments(signature: Signature, coder: Coder, arguments: Mapping[str, object]) -> bytes:
    """The arguments as they travel; `LossyArgument` when they would come back changed, or not at all."""
    value = signature.pack(arguments)
    try:
        body = coder.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise LossyArgument(_unencodable(signature, coder, arguments, error)) from _cause(error)
    try:
        found = _first_change(arguments, coder.decode(body, signature.type))
    except (ValueError, RecursionError) as error:
        raise LossyArgument(_undecodable(signature, coder, arguments, error)) from _cause(error)
    if found is not None:
        raise LossyArgument(_changed(signature, coder, arguments, *found))
    return body


def _first_change(arguments: Mapping[str, object], returned: object) -> tuple[str, RoundTripError] | None:
    for name, given in arguments.items():
        if change := first_difference(given, getattr(returned, name), name):
            return name, change
    return None


def _changed(
    signature: Signature, coder: Coder, arguments: Mapping[str, object], name: str, change: RoundTripError
) -> str:
    if infinite := _infinite(arguments, coder):
        return f"{signature.job}: {infinite}"
    return f"{signature.job}: {change}; {suggest_annotation(coder, signature.starred(name), arguments[name], change)}"


def _unencodable(signature: Signature, coder: Coder, arguments: Mapping[str, object], error: Exception) -> str:
    for path, part in _all_parts(arguments):
        try:
            coder.encode(part)
        except (TypeError, ValueError) as cause:
            return f"{signature.job}: {path}: {type(part).__qualname__} can't be stored: {cause}"
        except RecursionError:
            break
    return f"{signature.job}: the arguments can't be stored: {_why(error)}"


def _undecodable(signature: Signature, coder: Coder, arguments: Mapping[str, object], error: Exception) -> str:
    why = _infinite(arguments, coder) or f"the arguments do not fit their annotations: {_why(error)}"
    return f"{signature.job}: {why}"


def _cause(error: Exception) -> BaseException | None:
    """What a type's own code raised. The coder's own complaint is quoted in ours, once is enough."""
    return error.__cause__


def _why(error: Exception) -> str:
    return "they are nested too deeply" if isinstance(error, RecursionError) else str(error)


def _infinite(arguments: Mapping[str, object], coder: Coder) -> str | None:
    for path, part in _all_parts(arguments):
        if isinstance(part, float) and not math.isfinite(part):
            return f"{RoundTripError(path, float, None)}: the {coder.name} coder has finite numbers only"
    return None


def _all_parts(arguments: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """All that the arguments are made of, the innermost first."""
    for name, value in arguments.items():
        try:
            yield from _parts(value, name)
        except RecursionError:
            continue


def _parts(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[object, object]", value).items():
            yield from _parts(item, f"{path}{redacted_key(key)}")
    elif isinstance(value, (list, tuple, set, frozenset)):
        for place, item in enumerate(cast("list[object]", value)):
            yield from _parts(item, f"{path}[{place}]")
    yield path, value
