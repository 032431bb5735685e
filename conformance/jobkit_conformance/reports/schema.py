"""The schema of the JSON that reports are written in, for whoever reads them with other tools.

``python -m jobkit_conformance.reports.schema`` writes it anew, from the same declarations that write the reports.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from jobkit_conformance.reports.document import Document, Matrix

NAME = "schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def declared() -> dict[str, Any]:
    """The schema, from the declarations."""
    title = "Reports of jobkit's conformance kit: of one backend, or of several"
    return {"$schema": DIALECT, "title": title, **msgspec.json.schema(Document | Matrix)}


def shipped() -> dict[str, Any]:
    """The schema, as it comes with the package."""
    found: dict[str, Any] = msgspec.json.decode((files("jobkit_conformance.reports") / NAME).read_bytes())
    return found


def encode() -> bytes:
    """The text of the file."""
    return msgspec.json.format(msgspec.json.encode(declared()), indent=1) + b"\n"


if __name__ == "__main__":
    Path(__file__).with_name(NAME).write_bytes(encode())
