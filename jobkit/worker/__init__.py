"""The worker: reserve, perform, settle, keep leases, stop well."""

from jobkit.worker.options import Options
from jobkit.worker.worker import Worker

__all__ = ["Options", "Worker"]
