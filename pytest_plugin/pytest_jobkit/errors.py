"""Why a job was not performed in a process of its own."""

from __future__ import annotations

from jobkit.errors import ConfigurationError


class NotIsolated(ConfigurationError):
    """Another process can't perform this job, or died of it; the text says why, and what would do.

    No rule of the job covers it: it leaves the verb.
    """
