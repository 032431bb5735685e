"""One job as an operator sees it: everything that is kept, and its arguments only if asked for."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from jobkit.app import App
from jobkit.backend import Delivery, Stored
from jobkit.cli.output import instant
from jobkit.errors import JobkitError
from jobkit.execute.perform import decode_delivery
from jobkit.jobs.envelope import metadata
from jobkit.redaction import printable


class JobDetails(Struct, frozen=True):
    store: str
    id: str
    job: str
    state: str
    queue: str
    priority: int
    key: str | None
    attempt: int
    deliveries: int
    since: str
    metadata: Mapping[str, str]
    arguments: str | None
    reason: str | None


def shown(job: Stored, store: str, app: App | None, *, arguments: bool) -> JobDetails:
    message = job.message
    return JobDetails(
        store=store,
        id=message.id,
        job=message.headers.get("job", "unknown"),
        state=str(job.state),
        queue=message.queue,
        priority=message.priority,
        key=message.key,
        attempt=job.attempt,
        deliveries=job.number,
        since=instant(job.since),
        metadata=metadata(message.headers),
        arguments=_arguments(job, app) if arguments else None,
        reason=job.reason,
    )


def _arguments(job: Stored, app: App | None) -> str:
    """As the app reads them; without an app as they are stored, where that can be read."""
    message = job.message
    if app is not None:
        try:
            _, found = decode_delivery(Delivery(message, job.number, job.attempt, token="", lease_end=0), app)
        except JobkitError as error:
            return f"can't be read: {error}"
        return ", ".join(f"{name}={value!r}" for name, value in found.items())
    if message.headers.get("coder") == "json":
        return message.body.decode(errors="replace")
    return (
        f"{len(message.body):,} bytes by the coder {message.headers.get('coder', 'unknown')!r}: say --app to read them"
    )


def text(job: JobDetails) -> str:
    lines = [
        ("id", job.id),
        ("job", job.job),
        ("queue", f"{job.queue}, priority {job.priority}" + (f", key {job.key}" if job.key else "")),
        ("store", job.store),
        (job.state, f"since {job.since} UTC, in attempt {job.attempt}, delivery {job.deliveries}"),
        *(("metadata", f"{name}: {value}") for name, value in job.metadata.items()),
        *([("arguments", job.arguments)] if job.arguments is not None else []),
    ]
    shown = [f"{name:<10}  {printable(value, 10_000)}" for name, value in lines]
    reason = [f"{'reason':<10}  {_block(job.reason)}"] if job.reason else []
    return "\n".join([*shown, *reason])


def _block(reason: str) -> str:
    """A traceback keeps its lines; nothing in it moves a terminal's cursor."""
    return f"\n{'':<12}".join(printable(line, 10_000) for line in reason.splitlines())
