"""Small machines that draw programs: each reaches its own situations deep and often, which one big machine does not."""

from jobkit_conformance.generators.generator import MACHINES, Generator

__all__ = ["MACHINES", "Generator"]
