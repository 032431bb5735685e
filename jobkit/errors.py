"""Every exception that jobkit raises, explained to the person who sees it.

No message holds a job's arguments, a body, or the password of a URL.
"""

from __future__ import annotations


class JobkitError(Exception):
    """The root of everything that jobkit raises on purpose."""


# What a backend says.


class BackendUnavailable(JobkitError):
    """The store did not answer, or could not do what was asked; whether it did is not known.

    Try again: with the same ids nothing is stored twice while the jobs live. The cause is chained.
    """


class BackendFull(BackendUnavailable):
    """The store has no room for more jobs; running jobs can still be settled."""


class NewerLayout(BackendUnavailable):
    """A later version of jobkit writes this namespace in a way that this one can't read; nothing was done.

    Upgrade this process. A worker goes on by itself, as far as it can: it is not ready, and keeps asking.
    """


class Closed(JobkitError):
    """This backend object was closed, before the call or while it waited."""


class InvalidArgument(JobkitError, ValueError):
    """A value that no call of this kind can take; nothing was stored and nothing was sent."""


class InvalidMessage(InvalidArgument):
    """A message that this backend can't store as it is; none of the batch was stored."""


class Unsupported(JobkitError):
    """An option that this backend does not claim; nothing was stored.

    ``capability`` is the name of the option, as in ``jobkit.backend.Capabilities``.
    """

    def __init__(self, capability: str, message: str) -> None:
        super().__init__(message)
        self.capability = capability


class IllegalMove(JobkitError):
    """A job can't make this move in the state that it is in; nothing changed."""


# What an app says.


class ConfigurationError(JobkitError, ValueError):
    """A backend, a URL or an option that can't be used as given."""


class DeclarationError(JobkitError, TypeError):
    """A function that can't be a job as it is declared."""


class SignatureMismatch(JobkitError, TypeError):
    """Arguments that do not bind to the job's signature; nothing was enqueued."""


class LossyArgument(JobkitError, ValueError):
    """An argument that would come back changed, or not at all; nothing was enqueued."""


class UnknownQueue(JobkitError, LookupError):
    """A queue that neither the app nor any of its jobs names."""


class RunningLoop(JobkitError, RuntimeError):
    """A blocking call in a thread whose own event loop is running; await its twin instead."""


class BackgroundQueueFull(JobkitError):
    """More was posted than may wait to be stored; nothing of this call was taken."""


class Undecodable(JobkitError, ValueError):
    """A stored job that this app can't read: its coder, its body, or its arguments."""


class TimeLimit(JobkitError, TimeoutError):
    """An attempt took longer than its job's ``limit``: it has failed, and its retry rules say what follows."""


class ProcessLost(JobkitError):
    """The process of an isolated job ended before the job did: killed, out of memory, or crashed in native code."""


class WorkerFailed(JobkitError):
    """A worker can't take jobs any more, though nobody stopped it. What it held is given back or runs out."""


class FailedElsewhere(JobkitError):
    """What an isolated job raised, in the words of its process: the error itself has stayed there."""


# Control flow for middleware, hence not errors by name.


class Refuse(JobkitError):
    """Raised by a middleware around enqueuing: the job is not stored, the receipt says *refused* and why."""


class Skip(JobkitError):
    """Raised by a middleware around performing: the job ends as *skipped*, without a start."""


class Interrupted(BaseException):
    """Raised at a checkpoint of a job that should stop. Let it pass: the job is given back, and goes on from there.

    No `Exception`, as a cancellation is none: what catches a job's own errors does not catch this.
    """


# Warnings.


class JobkitWarning(UserWarning):
    """The root of jobkit's warnings."""


class LeftoverJobWarning(JobkitWarning):
    """A test left a job enqueued that nothing asserted or performed."""


class NotAwaitedWarning(JobkitWarning, RuntimeWarning):
    """An ``aenqueue`` that nobody awaited: the job was never stored."""


class VolatileBackendWarning(JobkitWarning):
    """Jobs wait in the memory of this process and end with it."""
