"""A trace goes on from the request to the job, and from there to what the job enqueues."""

from __future__ import annotations

import asyncio

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import jobkit
from jobkit.backends.inline import InlineBackend
from jobkit.observability.opentelemetry import tracing


class Traced:
    """An app whose spans are kept."""

    def __init__(self) -> None:
        self.spans = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.spans))
        memory = InlineBackend()
        self.app = jobkit.App(
            lambda url, namespace, clock: InlineBackend(memory.memory, clock), **tracing(self.provider)
        )

    def span(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.spans.get_finished_spans() if span.name == name]
        return found


def parent(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


@pytest.fixture
def traced() -> Traced:
    return Traced()


async def test_a_trace_goes_on_in_jobs_and_their_jobs(traced: Traced) -> None:
    app, done = traced.app, asyncio.Event()
    loop = asyncio.get_running_loop()

    @app.job(name="shop.second")
    def second(card: str) -> None:
        assert trace.get_current_span().get_span_context().is_valid, "also in a thread"
        loop.call_soon_threadsafe(done.set)

    @app.job(name="shop.first", queue="mail")
    async def first(card: str) -> None:
        await second.aenqueue(card)

    with traced.provider.get_tracer("test").start_as_current_span("request") as request:
        await first.aenqueue("visa of ada")
    async with jobkit.Worker(app):
        await done.wait()
    sent, processed = traced.span("send shop.first"), traced.span("process shop.first")
    sent_on, processed_on = traced.span("send shop.second"), traced.span("process shop.second")
    assert parent(sent) == request.get_span_context().span_id
    assert [parent(span) for span in (processed, sent_on, processed_on)] == [
        span.context.span_id for span in (sent, processed, sent_on)
    ]
    assert (sent.kind, processed.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    assert processed.attributes is not None
    assert processed.attributes["messaging.destination.name"] == "mail"
    assert processed.attributes["jobkit.attempt"] == 1
    told = str([span.to_json() for span in traced.spans.get_finished_spans()])
    assert "visa of ada" not in told, "arguments are nobody else's"


async def test_a_failure_is_one_in_the_span_too(traced: Traced) -> None:
    @traced.app.job(name="shop.bad")
    async def bad() -> None:
        raise ValueError("no card")

    await bad.aperform()
    status = traced.span("process shop.bad").status
    assert (status.status_code, status.description) == (StatusCode.ERROR, "ValueError: no card")
