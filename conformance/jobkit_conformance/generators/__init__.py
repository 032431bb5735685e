"""Small machines that draw programs: each reaches its own coverage labels often, which one big machine does not."""

from jobkit_conformance.generators.generator import MACHINES, Generator

__all__ = ["MACHINES", "Generator"]
