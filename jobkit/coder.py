"""The contract of a coder: a job's arguments to bytes and back."""

from __future__ import annotations

from typing import Any, Final, Protocol, runtime_checkable


@runtime_checkable
class Coder(Protocol):
    """Encodes arguments, and decodes them by the types that the job's signature states.

    ``name`` travels with each job: a worker decodes with the coder of that name, whatever its queue uses today.
    ``decode(encode(value), type)`` is ``value``, equal and of the same type, or one of the two raises.
    Not promised: that bodies are readable, or that equal values have equal bodies.
    """

    @property
    def name(self) -> str: ...

    # And, where bodies are signed or encrypted, ``sealed = True``: a queue with such a coder takes no body of another
    # coder, but for those that the app lists for the time of a change.

    def encode(self, value: object) -> bytes:
        """Raises ``TypeError`` or ``ValueError`` for what it can't carry."""
        ...

    def decode(self, body: bytes, type: Any) -> Any:
        """Raises ``ValueError`` for a body that is not a value of this type. Runs no code that a body names."""
        ...

    def supports(self, type: Any) -> None:
        """Raises ``TypeError``, saying why, for a type that could not be decoded."""
        ...


JOB: Final = "__job__"
"""The attribute by which a type says that it is the arguments of a job, and of which."""


def purpose(type: Any) -> str:
    """The job whose arguments are of this type; empty for other types."""
    return str(getattr(type, JOB, ""))


def is_sealed(coder: Coder) -> bool:
    """Whether its bodies can't be made by who may write into the store."""
    return bool(getattr(coder, "sealed", False))
