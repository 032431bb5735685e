"""The contract of a coder: a job's arguments to bytes and back."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Coder(Protocol):
    """Encodes arguments, and decodes them by the types that the job's signature states.

    ``name`` travels with each job: a worker decodes with the coder of that name, whatever its queue uses today.
    ``decode(encode(value), type)`` is ``value``, equal and of the same type, or one of the two raises.
    Not promised: that bodies are readable, or that equal values have equal bodies.
    """

    @property
    def name(self) -> str: ...

    def encode(self, value: object) -> bytes:
        """Raises ``TypeError`` or ``ValueError`` for what it can't carry."""
        ...

    def decode(self, body: bytes, type: Any) -> Any:
        """Raises ``ValueError`` for a body that is not a value of this type. Runs no code that a body names."""
        ...

    def supports(self, type: Any) -> None:
        """Raises ``TypeError``, saying why, for a type that could not be decoded."""
        ...
