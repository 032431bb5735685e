"""Which rule is broken, when no world explains what was answered after a fault."""

from __future__ import annotations

from typing import Final

from jobkit_conformance.network.faults import MAY_LOSE_A_REPLY
from jobkit_conformance.network.step_record import StepRecord
from jobkit_conformance.operations import Settle
from jobkit_conformance.violations import RuleViolation

_ATOMIC: Final = {
    "enqueue": "E1",
    "reserve": "R4",
    "extend": "L8",
    "requeue": "S6",
    "delete": "I3",
    "purge": "I3",
    "pause": "P1",
    "resume": "P1",
    "cell_set": "P3",
    "look": "D3",
}
"""By verb: the rule that says that it happens as a whole, or not at all."""

_ENDINGS: Final = {"done": "S1", "retry": "S2", "release": "S4", "dead": "S5"}

_KEPT_BY_NAME: Final = frozenset({"K1", "K2", "L4", "B1", "B2"})
"""What says more than that a verb was cut in two."""


_SAYS_WHICH_PART: Final = frozenset({"L2", "L5", "S3", "S8", "X2", "K3", "P2"})
"""What says which part of a verb that was cut in two is missing."""


def attribute(fault: str, did: list[StepRecord], wrong: StepRecord, broken: RuleViolation) -> RuleViolation:
    """The finding under its own rule. ``wrong``: the step that shows it."""
    met = next((each for each in did if each.was_faulted), None)
    if met is None or broken.rule in _KEPT_BY_NAME:
        return broken
    return RuleViolation(_rule(fault, met, wrong, broken), broken.observed)


def _rule(fault: str, met: StepRecord, wrong: StepRecord, broken: RuleViolation) -> str:
    if met is wrong:
        if met.verb == "reserve" and met.answer == []:
            return "D6"  # a fault that passes for an empty answer
        return "E4" if fault in MAY_LOSE_A_REPLY else broken.rule
    if wrong.repeat:
        accepted = {type(outcome).__name__ for outcome in wrong.answer}
        return "E1" if len(accepted) > 1 else "E5"
    if fault == "given up" and met.verb == "reserve":
        return "R3"
    if met.result == "answered":
        return "E4" if fault in MAY_LOSE_A_REPLY else broken.rule
    return broken.rule if broken.rule in _SAYS_WHICH_PART else atomicity_rule(met)


def atomicity_rule(did: StepRecord) -> str:
    """The rule that says that this step happens as a whole."""
    if isinstance(did.step, Settle):
        return _ENDINGS[did.step.items[0].how]
    if did.verb == "cancel":
        return "X1"
    return _ATOMIC[did.verb]
