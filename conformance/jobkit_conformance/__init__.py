"""The conformance kit: which promises a job backend keeps, and how it breaks the others, in the fewest steps."""

from jobkit_conformance.harness import BackendHarness, NotOffered
from jobkit_conformance.playing import play
from jobkit_conformance.stage import Stage

__all__ = ["BackendHarness", "NotOffered", "Stage", "play"]
