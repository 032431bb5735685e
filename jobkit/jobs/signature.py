"""A job's signature: what binds to it, and the type of its arguments as a coder sees them."""

from __future__ import annotations

import inspect
import typing
from collections import OrderedDict
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cached_property, partial
from types import GenericAlias, SimpleNamespace
from typing import Any, cast

import msgspec

from jobkit.coder import JOB, Coder
from jobkit.errors import DeclarationError, SignatureMismatch, Undecodable

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Signature:
    """What a job's function takes.

    Arguments travel by the name of their parameter, ``*args`` and ``**kwargs`` under their own names; a
    parameter that was not given does not travel, so a default is the one of the code that performs.
    """

    def __init__(self, function: Callable[..., Any], job: str) -> None:
        self.job = job
        self._function = function
        self._signature = inspect.signature(function)
        parameters = self._signature.parameters
        self._positional = [name for name, each in parameters.items() if each.kind in _POSITIONAL]
        self._positional_only = {name for name, each in parameters.items() if each.kind is each.POSITIONAL_ONLY}
        self._varargs = next((name for name, each in parameters.items() if each.kind is each.VAR_POSITIONAL), None)
        self._varkw = next((name for name, each in parameters.items() if each.kind is each.VAR_KEYWORD), None)
        self._named = frozenset(parameters) - {self._varargs, self._varkw}
        self._all_by_keyword = not self._positional_only and self._named == frozenset(parameters)
        self._by_keyword = self._named - self._positional_only
        self._required = frozenset(name for name in self._named if parameters[name].default is inspect.Parameter.empty)
        self.defaults: Mapping[str, object] = {
            name: each.default for name, each in parameters.items() if each.default is not inspect.Parameter.empty
        }
        self._filled: Mapping[str, object] = {
            **self.defaults,
            **{name: () for name, each in parameters.items() if each.kind is each.VAR_POSITIONAL},
            **{name: {} for name, each in parameters.items() if each.kind is each.VAR_KEYWORD},
        }

    def __str__(self) -> str:
        """``send_welcome(user_id, template='welcome')``."""
        bare = [each.replace(annotation=inspect.Parameter.empty) for each in self._signature.parameters.values()]
        return f"{self.job}{self._signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)}"

    @property
    def parameters(self) -> list[str]:
        return list(self._signature.parameters)

    def starred(self, name: str) -> str:
        """A parameter as it is declared: with its stars."""
        return {self._varargs: "*", self._varkw: "**"}.get(name, "") + name

    def spelled(self, bound: Mapping[str, object], show: Callable[[object], str]) -> str:
        """The arguments as one writes them in a call: by name, where stars allow that."""
        starred = tuple(cast("tuple[object, ...]", bound.get(self._varargs, ()))) if self._varargs else ()
        bare = set(self._positional) if starred else self._positional_only
        parts = [show(bound[name]) for name in self._positional if name in bare and name in bound]
        parts += map(show, starred)
        for name, value in bound.items():
            if name == self._varkw:
                parts += [_keyword(*item, show) for item in cast("Mapping[str, object]", value).items()]
            elif name != self._varargs and name not in bare:
                parts.append(f"{name}={show(value)}")
        return ", ".join(parts)

    # From a call to arguments.

    def bind(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> dict[str, object]:
        """The arguments by name, those that were given; `SignatureMismatch` when they do not fit."""
        if len(args) <= len(self._positional) and kwargs.keys() <= self._by_keyword:
            bound = dict(zip(self._positional, args, strict=False))
            if not (bound.keys() & kwargs.keys()) and self._required <= bound.keys() | kwargs.keys():
                bound.update(kwargs)
                return bound
        try:
            bound = dict(self._signature.bind(*args, **kwargs).arguments)
        except TypeError as error:
            raise SignatureMismatch(self._explain(str(error), kwargs)) from None
        # Python 3.13.0 binds f(a=1) to "def f(a, /, **rest)", and leaves out that a is missing.
        if missing := [name for name in self._positional if name in self._required and name not in bound]:
            raise SignatureMismatch(self._explain(f"missing a required argument: {missing[0]!r}", kwargs))
        return bound

    def _explain(self, error: str, kwargs: Mapping[str, object]) -> str:
        unknown = [name for name in kwargs if name not in self._named]
        if unknown and self._varkw is None:  # said first: what seems to be missing is mostly there, misspelt
            return f"{self} got an unexpected keyword argument {unknown[0]!r}{self._hint(unknown)}"
        return f"{self} {error}"

    def check_names(self, names: Mapping[str, object]) -> None:
        """That each is the name of a parameter; `SignatureMismatch` otherwise."""
        unknown = [name for name in names if name not in self._signature.parameters]
        if unknown:
            raise SignatureMismatch(f"{self} has no parameter {unknown[0]!r}{self._hint(unknown)}")

    def _hint(self, unknown: list[str]) -> str:
        close = [match for name in unknown for match in get_close_matches(name, sorted(self._named), n=1)]
        return f"; did you mean {close[0]!r}?" if close else ""

    def complete(self, bound: Mapping[str, object]) -> dict[str, object]:
        """The arguments with the defaults of those that were not given, in the signature's order."""
        full = {**self._filled, **bound}
        return {name: full[name] for name in self._signature.parameters if name in full}

    def pack(self, bound: Mapping[str, object]) -> msgspec.Struct:
        """The arguments as the value that travels."""
        return self.type(**bound)

    # From arguments to a call.

    def unpack(self, value: msgspec.Struct) -> dict[str, object]:
        """The arguments that travelled, by name."""
        return {name: each for name in value.__struct_fields__ if (each := getattr(value, name)) is not msgspec.UNSET}

    def apply(self, bound: Mapping[str, object]) -> tuple[tuple[object, ...], dict[str, object]]:
        """What to call the function with."""
        if self._all_by_keyword:
            return (), dict(bound)
        given = OrderedDict(bound)
        if self._varargs is not None and not given.get(self._varargs):
            given.pop(self._varargs, None)  # else it is passed by keyword, where a default before it was not given
        arguments = inspect.BoundArguments(self._signature, given)
        return arguments.args, arguments.kwargs

    def decode(self, coder: Coder, body: bytes) -> dict[str, object]:
        """The arguments in a body; `Undecodable`, naming the place and no value, when they do not fit."""
        try:
            return self.unpack(coder.decode(body, self.type))
        except (ValueError, TypeError) as error:
            raise Undecodable(f"{self.job}: the arguments can't be decoded: {error}") from error
        except Exception as error:  # types may have code of their own, such as __post_init__
            raise Undecodable(f"{self.job}: the arguments can't be decoded: {type(error).__name__}") from error

    # The type of the arguments.

    @cached_property
    def type(self) -> type[msgspec.Struct]:
        """A struct with a field a parameter; resolved on first use, when late imports are there."""
        try:
            hints = self._hints()
        except NameError as error:
            raise DeclarationError(
                f"{self.job}: {error}: import what annotates a parameter where the job is declared, at run time too"
            ) from None
        fields: list[Any] = []
        for name in self._signature.parameters:
            hint = hints.get(name, Any)
            if name == self._varargs:
                fields.append((name, GenericAlias(tuple, (hint, ...)), ()))
            elif name == self._varkw:
                fields.append((name, GenericAlias(dict, (str, hint)), msgspec.field(default_factory=dict)))
            elif name in self._required:
                fields.append((name, hint))
            else:
                fields.append((name, hint | msgspec.UnsetType, msgspec.UNSET))
        return msgspec.defstruct(
            self.job, fields, namespace={JOB: self.job}, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
        )

    def _hints(self) -> dict[str, Any]:
        """The parameters' types; `NameError` for what is imported later, or for type checkers only."""
        annotations = {name: each.annotation for name, each in self._signature.parameters.items()}
        stated = {name: each for name, each in annotations.items() if each is not inspect.Parameter.empty}
        return typing.get_type_hints(
            SimpleNamespace(__annotations__=stated), _namespace(self._function), include_extras=True
        )

    def check(self, coder: Coder) -> None:
        """Refuse annotations that the coder can't serve, naming the parameter and what would do."""
        try:
            hints = self._hints()
        except NameError:
            return  # a type that is imported later: judged on first use
        for name in self._signature.parameters:
            try:
                coder.supports(hints.get(name, Any))
            except NameError:
                return  # likewise, inside of another type
            except TypeError as error:
                raise DeclarationError(
                    f"{self.job}: the {coder.name} coder can't carry parameter {name!r}: {error}. "
                    "Annotate one type that it can tell apart, or take a str and convert it in the job"
                ) from None
        _ = self.type


def _keyword(name: str, value: object, show: Callable[[object], str]) -> str:
    return f"{name}={show(value)}" if name.isidentifier() else f"**{{{name!r}: {show(value)}}}"


def _namespace(function: Callable[..., Any]) -> dict[str, Any]:
    """Where the names in a function's annotations are looked up."""
    found: Any = function.func if isinstance(function, partial) else function
    if not inspect.isroutine(found):
        found = type(found).__call__
    return getattr(inspect.unwrap(found), "__globals__", {})
