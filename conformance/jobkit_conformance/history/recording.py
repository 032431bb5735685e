"""A backend whose every call is written down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from jobkit.backend import Backend
from jobkit.backends.delegating import DelegatingBackend
from jobkit_conformance.answers import check_answer
from jobkit_conformance.history.trace import Trace

T = TypeVar("T")


class RecordingBackend(DelegatingBackend):
    """Passes each call on, and writes down what was asked and answered."""

    def __init__(self, backend: Backend, trace: Trace, name: str) -> None:
        super().__init__(backend)
        self.name = name
        self._trace = trace

    async def intercept(
        self, verb: str, args: Sequence[Any], stated: Mapping[str, Any], call: Callable[[], Awaitable[T]]
    ) -> T:
        said = {name: value for name, value in stated.items() if value or name not in ("wait", "cursor")}
        step = self._trace.called(self.name, verb, args, said)
        try:
            answer = await call()
            check_answer(verb, cast("Sequence[Any]", args[0] if args else ()), answer)
        except BaseException as error:
            self._trace.failed(step, error)
            raise
        self._trace.answered(step, answer)
        return answer
