"""What came of each id that a command was given, and whether that is what was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from jobkit.cli.output import as_json
from jobkit.redaction import printable

NOT_DONE = ("not_found", "key_taken")


class IdResult(Struct, frozen=True):
    id: str
    outcome: str

    @property
    def done(self) -> bool:
        return not self.outcome.startswith(NOT_DONE)


def tell(told: Sequence[IdResult], *, json: bool) -> int:
    """Print it; the exit code is 1 where one of them was not there, or could not be."""
    if json:
        as_json(told)
    else:
        for each in told:
            print(f"{printable(each.id)}  {printable(each.outcome)}")
    return 0 if all(each.done for each in told) else 1
