"""OpenTelemetry: the trace of a request goes on in the jobs that it enqueued.

app = jobkit.App("redis://localhost", **jobkit.observability.opentelemetry.tracing())
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, TypedDict

from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider

from jobkit.enqueue.context import EnqueueContext
from jobkit.execute.context import JobContext
from jobkit.execute.perform import error_summary
from jobkit.jobs.middleware import Middleware


class Tracing(TypedDict):
    """What `jobkit.App` takes."""

    enqueue: Sequence[Middleware]
    perform: Sequence[Middleware]


def tracing(provider: TracerProvider | None = None) -> Tracing:
    """Middlewares that make a span of each enqueue and each execution, the second a child of the first.

    Names follow the conventions for messaging. No span holds arguments; an error's own words are in it, as in the log.
    """
    tracer = trace.get_tracer("jobkit", tracer_provider=provider)

    def send(outgoing: EnqueueContext) -> Generator[None, Any, None]:
        about = _attributes("send", outgoing.queue, outgoing.id, outgoing.job)
        with tracer.start_as_current_span(f"send {outgoing.job}", kind=SpanKind.PRODUCER, attributes=about):
            propagate.inject(outgoing.metadata)
            yield

    def process(context: JobContext) -> Generator[None, Any, None]:
        about = _attributes("process", context.queue, context.id, context.job)
        with tracer.start_as_current_span(
            f"process {context.job}",
            context=propagate.extract(context.metadata),
            kind=SpanKind.CONSUMER,
            attributes={**about, "jobkit.attempt": context.attempt},
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, error_summary(error)))
                raise

    return {"enqueue": [send], "perform": [process]}


def _attributes(operation: str, queue: str, id: str, job: str) -> dict[str, str]:
    return {
        "messaging.system": "jobkit",
        "messaging.operation.type": operation,
        "messaging.destination.name": queue,
        "messaging.message.id": id,
        "jobkit.job": job,
    }
