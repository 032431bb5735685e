"""The backend in memory: for tests, for scripts, and to begin with."""

from jobkit.backends.inline.backend import InlineBackend, factory

__all__ = ["InlineBackend", "factory"]
