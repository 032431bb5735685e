"""An entry: one job as a test sees it."""

from __future__ import annotations

from copy import copy
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jobkit.errors import Undecodable
from jobkit.jobs.call import EPOCH, Call, Options
from jobkit.jobs.envelope import parse_envelope
from jobkit.redaction import redacted

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from jobkit.backend import Message
    from jobkit.connections.resolver import BackendSource
    from jobkit.execute.perform import RunSync
    from jobkit.jobs.job import Job
    from pytest_jobkit.recording.call_site import CallSite

PENDING, RUNNING, CANCELLED = "pending", "running", "cancelled"
"""States beside those of an outcome: succeeded, retrying, discarded, dead, skipped."""


class Entry:
    """A job as it was enqueued, and what has become of it; ``entry == job.call(...)`` asks whether it is like that.

    ``args``: all of them by name, defaults included, as they came through the coder. ``due``: when it may start.
    ``attempt``, ``state``, ``error``: of its latest execution; of the one that it stands for in ``performed``,
    ``failed`` and outcomes. ``site``: the line that enqueued it. ``parent``: the job that did, or None.
    """

    def __init__(
        self,
        *,
        number: int,
        message: Message,
        job: Job[..., Any] | None,
        options: Options,
        queue: str,
        now_ms: int,
        due_ms: int,
        site: CallSite | None,
        parent: Entry | None,
        source: BackendSource | None,
    ) -> None:
        self.number = number
        self.id = message.id
        self.job = job
        self.job_name = message.headers.get("job", "unknown") if job is None else job.name
        self.queue = queue
        self.priority = message.priority
        self.key = message.key
        self.due_ms = due_ms
        self.enqueued_ms = due_ms - (message.after or 0) if message.at is None else now_ms
        self.site = site
        self.parent = parent
        self.attempt = 0
        self.state = PENDING
        self.error: BaseException | None = None
        self.reason: str | None = None

        # What the tape keeps beside what a test reads.
        self.message = message
        self.options = options
        self.source = source
        """Where it is stored; None if it never was."""
        self.since_ms = max(due_ms, now_ms)
        self.origin = self
        """The job that an execution belongs to."""
        self.looked_at = False
        self.expected = False
        """Whether the test knows that it failed."""
        self.marked = False
        """Somebody cancelled it while it ran."""
        self.inline = False
        """Performed inside its own enqueue."""
        self.begun_at = 0
        self.children: list[Entry] = []
        """Those that this execution enqueued."""
        self.plain: RunSync | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    @cached_property
    def given(self) -> Mapping[str, object]:
        """The arguments as they travelled; none of a job that can't be read."""
        if self.job is None:
            return {}
        try:
            found = parse_envelope(self.message.headers, self.message.body)
            return self.job.signature.decode(self.job.app.coder(found.coder, self.message.queue), found.arguments)
        except Undecodable:
            return {}

    @property
    def args(self) -> Mapping[str, object]:
        return {} if self.job is None else self.job.signature.complete(self.given)

    @property
    def due(self) -> datetime:
        """In UTC."""
        try:
            return EPOCH + timedelta(milliseconds=self.due_ms)
        except OverflowError:
            return datetime.max.replace(tzinfo=EPOCH.tzinfo)

    @property
    def parent_name(self) -> str | None:
        return None if self.parent is None else self.parent.job_name

    @property
    def stored(self) -> bool:
        return self.source is not None

    @property
    def waits(self) -> bool:
        """Whether it will be performed, now or later."""
        return self.stored and self.state in (PENDING, "retrying")

    def execution(self) -> Entry:
        """This job as it is now, for a log of what ran."""
        found = copy(self)
        found.origin = self
        return found

    @property
    def short(self) -> str:
        """``send_welcome(user_id=7)``."""
        if self.job is None:
            return f"{self.job_name}()"
        return f"{self.job.short_name}({self.job.signature.spelled(self.given, redacted)})"

    def __eq__(self, other: object) -> bool:
        from pytest_jobkit.recording.matching import is_wanted, matcher

        if isinstance(other, Entry):
            return self.id == other.id
        if not is_wanted(other):
            return NotImplemented
        same = matcher(other)(self)
        self.origin.looked_at |= same
        return same

    def __deepcopy__(self, memo: object) -> Entry:
        """Itself, for whoever keeps what was compared: its repr is what stays."""
        return self

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        if self.job is None:
            return f"<{self.short}>"
        return repr(Call(self.job, self.given, self.options))
