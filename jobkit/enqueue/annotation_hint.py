"""The annotation that would keep a value: what a refused argument's message proposes, once it was tried."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from types import GenericAlias, NoneType, UnionType
from typing import Any, get_args, get_origin

from jobkit.coder import Coder
from jobkit.jobs.round_trip import RoundTripError, first_difference, named


def suggest_annotation(coder: Coder, name: str, value: Any, change: RoundTripError) -> str:
    """What to do about an argument that would change; ``name`` begins with the stars of its parameter."""
    annotation = _kept_by(coder, name, value)
    if annotation is not None:
        return f"annotate the parameter, for example `{name}: {shown(annotation)}`"
    if change.returned in (None, change.given):
        return "no annotation keeps it: pass what it is made of, and make it again in the job"
    return f"no annotation keeps it: pass it as {named(change.returned)}"


def _kept_by(coder: Coder, name: str, value: Any) -> Any:
    """An annotation with which the value stays as it is, if there is one."""
    try:
        if name.startswith("**"):
            annotation = _any_of(value.values())
            whole: Any = GenericAlias(dict, (str, annotation))
        elif name.startswith("*"):
            annotation = _any_of(value)
            whole = GenericAlias(tuple, (annotation, ...))
        else:
            annotation = whole = infer_annotation(value)
        coder.supports(whole)
        kept = first_difference(value, coder.decode(coder.encode(value), whole), name) is None
    except (TypeError, ValueError, RecursionError):
        return None
    return annotation if kept else None


def infer_annotation(value: object) -> Any:
    """The closest annotation to a value: its type, with the types of its parts where it is a plain container."""
    return _of_kind(value.__class__, [value])


def _of_kind(kind: Any, values: Sequence[Any]) -> Any:
    """The annotation of several values of one type."""
    if kind is NoneType:
        return None
    if kind not in (dict, list, set, frozenset, tuple) or not any(values):
        return kind
    if kind is dict:
        keys, items = (chain.from_iterable(parts) for parts in (values, (value.values() for value in values)))
        return GenericAlias(dict, (_any_of(keys), _any_of(items)))
    if kind is tuple:
        return GenericAlias(tuple, _places(values))
    return GenericAlias(kind, (_any_of(chain.from_iterable(values)),))


def _places(values: Sequence[tuple[object, ...]]) -> tuple[Any, ...]:
    """What is in brackets after ``tuple``."""
    if len({len(value) for value in values}) > 1:
        return (_any_of(chain.from_iterable(values)), ...)
    each = [_any_of(column) for column in zip(*values, strict=True)]
    return (each[0], ...) if all(other == each[0] for other in each) else tuple(each)


def _any_of(values: Iterable[object]) -> Any:
    """The union of the values' annotations, in the order of their names."""
    by_kind: dict[type, list[object]] = {}
    for value in values:
        by_kind.setdefault(value.__class__, []).append(value)
    if not by_kind:
        return Any
    union, *others = sorted((_of_kind(kind, some) for kind, some in by_kind.items()), key=shown)
    for other in others:
        union = (NoneType if union is None else union) | other
    return union


def shown(annotation: Any) -> str:
    """As one writes it, without modules."""
    if annotation is None or annotation is NoneType:
        return "None"
    if annotation is ...:
        return "..."
    origin = get_origin(annotation)
    if origin is None:
        return str(annotation.__qualname__)
    parts = [shown(each) for each in get_args(annotation)]
    return " | ".join(parts) if origin is UnionType else f"{origin.__qualname__}[{', '.join(parts)}]"
