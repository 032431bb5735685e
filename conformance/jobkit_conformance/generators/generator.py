"""What a machine draws, which coverage labels it has to reach, and which rules it judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis.strategies import SearchStrategy

from jobkit.backend import Capabilities
from jobkit_conformance.generators import ending, lifecycle, pausing, timing
from jobkit_conformance.operations import Step


@dataclass(frozen=True)
class Generator:
    """``judges``: by rule, the coverage labels that must have been reached before the rule may be called kept."""

    name: str
    steps: Callable[[Capabilities], SearchStrategy[list[Step]]]
    rules: Mapping[str, tuple[str, ...]]

    def required_coverage(self, rule: str, capabilities: Capabilities) -> tuple[str, ...]:
        """The coverage labels of a rule that these claims let happen: ``label if option`` needs that option."""
        gates: list[str] = []
        for stated in self.rules[rule]:
            label, _, option = stated.partition(" if ")
            if not option or getattr(capabilities, option) not in (None, False):
                gates.append(label)
        return tuple(gates)


MACHINES = (
    Generator("lifecycle", lifecycle.programs, lifecycle.JUDGES),
    Generator("ending", ending.programs, ending.JUDGES),
    Generator("timing", timing.programs, timing.JUDGES),
    Generator("pausing", pausing.programs, pausing.JUDGES),
)
