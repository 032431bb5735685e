"""What binds to a job's signature."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobkit.coders.json import JSON
from jobkit.errors import DeclarationError, SignatureMismatch, Undecodable
from jobkit.jobs.signature import Signature

if TYPE_CHECKING:
    from somewhere import Nowhere  # type: ignore[import-not-found]  # for type checkers only

CODER = JSON()


def plain(user_id: int, template: str = "welcome") -> None: ...
def nothing() -> None: ...
def every(a: int, /, b: int, c: int = 3, *d: int, e: int, f: int = 6, **g: int) -> None: ...
def positional(a: int, b: int = 2, /) -> None: ...
def keywords(*, a: int, b: int = 2) -> None: ...
def rest(*args: int, **kwargs: int) -> None: ...


FUNCTIONS: list[Callable[..., None]] = [plain, nothing, every, positional, keywords, rest]


def mismatch(function: Callable[..., Any], *args: object, **kwargs: object) -> str:
    with pytest.raises(SignatureMismatch) as raised:
        Signature(function, "shop.send").bind(args, kwargs)
    return str(raised.value)


# Binding.


@given(
    function=st.sampled_from(FUNCTIONS),
    args=st.lists(st.integers(0, 9), max_size=6).map(tuple),
    kwargs=st.dictionaries(st.sampled_from([*"abcdefgh", "user_id", "template", "args", "kwargs"]), st.integers(0, 9)),
)
@example(function=every, args=(), kwargs=dict.fromkeys("abce", 0))
def test_it_binds_as_a_call_does(function: Callable[..., None], args: tuple[int, ...], kwargs: dict[str, int]) -> None:
    signature = Signature(function, "shop.send")
    try:
        function(*args, **kwargs)
    except TypeError:
        with pytest.raises(SignatureMismatch):
            signature.bind(args, kwargs)
        return
    expected = inspect.signature(function).bind(*args, **kwargs)
    bound = signature.bind(args, kwargs)
    assert bound == expected.arguments
    called = signature.apply(bound)
    assert inspect.signature(function).bind(*called[0], **called[1]).arguments == expected.arguments
    expected.apply_defaults()
    assert signature.complete(bound) == expected.arguments


@given(
    function=st.sampled_from([nothing, every, positional, keywords, rest]),
    args=st.lists(st.integers(0, 9), max_size=6).map(tuple),
    kwargs=st.dictionaries(st.sampled_from([*"abcdefgh"]), st.integers(0, 9)),
)
def test_what_was_bound_travels_and_binds_again(
    function: Callable[..., None], args: tuple[int, ...], kwargs: dict[str, int]
) -> None:
    signature = Signature(function, "shop.send")
    try:
        bound = signature.bind(args, kwargs)
    except SignatureMismatch:
        return
    body = CODER.encode(signature.pack(bound))
    assert signature.complete(signature.decode(CODER, body)) == signature.complete(bound)


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "missing a required argument: 'user_id'"),
        ((1, 2, 3), {}, "too many positional arguments"),
        ((1,), {"user_id": 1}, "multiple values for argument 'user_id'"),
        ((1,), {"templat": 2}, "got an unexpected keyword argument 'templat'; did you mean 'template'?"),
        ((1,), {"colour": 2}, "got an unexpected keyword argument 'colour'"),
    ],
)
def test_a_mismatch_shows_the_signature_and_what_was_perhaps_meant(
    args: tuple[object, ...], kwargs: dict[str, object], message: str
) -> None:
    assert mismatch(plain, *args, **kwargs) == f"shop.send(user_id, template='welcome') {message}"


def test_a_misspelt_name_comes_before_the_argument_that_is_missing_for_it() -> None:
    assert mismatch(plain, usr_id=1).endswith(" got an unexpected keyword argument 'usr_id'; did you mean 'user_id'?")


def test_positional_only_parameters_take_no_keyword() -> None:
    assert "positional" in mismatch(positional, a=1)


def test_names_of_parameters_are_checked() -> None:
    signature = Signature(plain, "shop.send")
    signature.check_names({"template": 1})
    with pytest.raises(SignatureMismatch, match=r"has no parameter 'templete'; did you mean 'template'\?"):
        signature.check_names({"templete": 1})


def test_it_reads_like_a_call_without_annotations() -> None:
    assert str(Signature(every, "shop.send")) == "shop.send(a, /, b, c=3, *d, e, f=6, **g)"


@pytest.mark.parametrize(("name", "starred"), [("a", "a"), ("d", "*d"), ("g", "**g")])
def test_parameters_have_their_stars(name: str, starred: str) -> None:
    assert Signature(every, "shop.send").starred(name) == starred


# Types.


@dataclass
class Order:
    number: int
    placed: Later


class Later(msgspec.Struct):
    at: datetime


def takes_later(order: Order, later: list[Later]) -> None: ...


def test_annotations_may_name_what_is_declared_later() -> None:
    signature = Signature(takes_later, "shop.send")
    bound = signature.bind((Order(1, Later(datetime(2026, 1, 1))), []), {})
    assert signature.decode(CODER, CODER.encode(signature.pack(bound))) == bound


def test_they_are_resolved_when_first_used_and_not_when_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    def send(it: Any) -> None: ...

    send.__annotations__["it"] = "Soon"  # imported after the declaration

    signature = Signature(send, "shop.send")
    signature.check(CODER)
    monkeypatch.setitem(globals(), "Soon", date)
    body = CODER.encode(signature.pack({"it": date(2026, 1, 2)}))
    assert signature.decode(CODER, body) == {"it": date(2026, 1, 2)}


def test_what_type_checkers_alone_import_is_said_on_first_use() -> None:
    def send(it: Nowhere) -> None: ...

    signature = Signature(send, "shop.send")
    signature.check(CODER)
    with pytest.raises(DeclarationError, match="name 'Nowhere' is not defined: import what annotates a parameter"):
        signature.pack({"it": 1})
    with pytest.raises(Undecodable, match="name 'Nowhere' is not defined"):
        signature.decode(CODER, b'{"it": 1}')


def test_the_return_type_is_nobodys_business() -> None:
    def send(it: date) -> Nowhere: ...

    signature = Signature(send, "shop.send")
    assert signature.decode(CODER, CODER.encode(signature.pack({"it": date(2026, 1, 2)}))) == {"it": date(2026, 1, 2)}


def test_constraints_count() -> None:
    def send(it: Annotated[int, msgspec.Meta(ge=0)]) -> None: ...

    with pytest.raises(Undecodable, match=r"Expected `int` >= 0 - at `\$.it`"):
        Signature(send, "shop.send").decode(CODER, b'{"it":-1}')


def test_none_is_a_type() -> None:
    def send(it: None) -> None: ...

    assert Signature(send, "shop.send").decode(CODER, b'{"it":null}') == {"it": None}


@functools.wraps(plain)
def wrapped(*args: Any, **kwargs: Any) -> None: ...


class Callee:
    def __call__(self, it: date) -> None: ...


@pytest.mark.parametrize(
    "function",
    [
        functools.partial(lambda it: None),
        functools.partial(plain, template="x"),
        Callee(),
        wrapped,
    ],
)
def test_anything_with_a_signature_will_do(function: Callable[..., Any]) -> None:
    signature = Signature(function, "shop.send")
    signature.check(CODER)
    assert signature.parameters


def test_a_callable_object_is_typed_by_its_call() -> None:
    assert Signature(Callee(), "shop.send").decode(CODER, b'{"it":"2026-01-02"}') == {"it": date(2026, 1, 2)}


class User:
    """Nothing that JSON has."""


@dataclass
class Holds:
    paths: list[Path]


@pytest.mark.parametrize(
    ("annotation", "why"),
    [
        (datetime | str, "more than one str-like type"),
        (Order | Holds, "more than one dataclass"),
        (set[int] | list[int], "more than one array-like"),
        (User, "it does not know the type User"),
        (list[User] | None, "it does not know the type User"),
        (Holds, "it does not know the type PosixPath|it does not know the type Path"),
        (Callable[[], None], "it does not know the type Callable"),
        (complex, "it does not know the type complex"),
    ],
)
def test_what_the_coder_can_not_serve_is_an_error_when_declared(annotation: Any, why: str) -> None:
    def send(user_id: int, it: Any) -> None: ...

    send.__annotations__["it"] = annotation
    with pytest.raises(
        DeclarationError, match=f"^shop.send: the json coder can't carry parameter 'it': .*({why})"
    ) as raised:
        Signature(send, "shop.send").check(CODER)
    assert str(raised.value).endswith(
        "Annotate one type that it can tell apart, or take a str and convert it in the job"
    )


@pytest.mark.parametrize("annotation", [object, Any, int | str | None, list, dict, tuple, Later, list[Order]])
def test_what_it_can_serve_is_not(annotation: Any) -> None:
    def send(it: Any) -> None: ...

    send.__annotations__["it"] = annotation
    Signature(send, "shop.send").check(CODER)


# Decoding.


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "Input data was truncated"),
        (b"{", "Input data was truncated"),
        (b"[1]", "Expected `object`, got `array`"),
        (b"{}", "Object missing required field `user_id`"),
        (b'{"user_id":"secret"}', r"Expected `int`, got `str` - at `\$.user_id`"),
        (b'{"user_id":1,"gone":2}', "Object contains unknown field `gone`"),
        (b'{"user_id":1,"template":' + b"[" * 100_000, "Expected `str`, got `array`"),
    ],
)
def test_a_body_that_does_not_fit_is_undecodable_for_a_readable_reason(body: bytes, why: str) -> None:
    with pytest.raises(Undecodable, match=f"^shop.send: the arguments can't be decoded: .*{why}") as raised:
        Signature(plain, "shop.send").decode(CODER, body)
    assert "secret" not in str(raised.value)


@dataclass
class Moody:
    mood: str

    def __post_init__(self) -> None:
        raise KeyError(self.mood)


def test_whatever_a_type_of_its_own_raises_is_undecodable_too() -> None:
    def send(it: Moody) -> None: ...

    with pytest.raises(Undecodable, match="the arguments can't be decoded: KeyError$"):
        Signature(send, "shop.send").decode(CODER, b'{"it":{"mood":"secret"}}')


def test_star_arguments_that_were_not_given_stay_out_behind_a_default_that_was_not_either() -> None:
    def function(a: Any, b: Any = 2, *more: int) -> tuple[Any, ...]:
        return a, b, more

    signature = Signature(function, "job")
    coder = JSON()
    for args in ((1,), (1, 5), (1, 5, 6)):
        bound = signature.decode(coder, coder.encode(signature.pack(signature.bind(args, {}))))
        positional, keywords = signature.apply(bound)
        called: Any = function
        assert called(*positional, **keywords) == called(*args)


def test_a_call_is_spelled_as_one_writes_it() -> None:
    def function(a: int, /, b: int = 2, *more: int, c: int = 3, **rest: int) -> None: ...

    signature = Signature(function, "job")
    for args, kwargs, spelled in (
        ((1,), {}, "1"),
        ((1, 5), {"c": 7}, "1, b=5, c=7"),
        ((1, 5, 6, 7), {"c": 8, "d": 9}, "1, 5, 6, 7, c=8, d=9"),
        ((1,), {"a-b": 2}, "1, **{'a-b': 2}"),
    ):
        bound = signature.bind(args, kwargs)
        assert signature.spelled(bound, repr) == spelled
        again = eval(f"bind({spelled})", {"bind": lambda *args, **kwargs: signature.bind(args, kwargs)})  # noqa: S307
        assert again == bound
