"""The schema of the JSON that reports are written in, for whoever reads them with other tools.

``python -m jobkit_conformance.reports.schema`` writes it anew, from the same declarations that write the reports.
"""

from __future__ import annotations

import inspect
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import msgspec

from jobkit_conformance.reports.json_report import Document, Matrix

NAME = "schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def declared() -> dict[str, Any]:
    """The schema, from the declarations."""
    title = "Reports of jobkit's conformance kit: of one backend, or of several"
    schema: dict[str, Any] = _without_margins(msgspec.json.schema(Document | Matrix))
    return {"$schema": DIALECT, "title": title, **schema}


def _without_margins(value: Any) -> Any:
    """Descriptions are docstrings, from which only later Pythons take the margin."""
    if isinstance(value, dict):
        found = cast("dict[str, Any]", value)
        clean = {key: _without_margins(each) for key, each in found.items()}
        if isinstance(clean.get("description"), str):
            clean["description"] = inspect.cleandoc(clean["description"])
        return clean
    if isinstance(value, list):
        return [_without_margins(each) for each in cast("list[object]", value)]
    return value


def shipped() -> dict[str, Any]:
    """The schema, as it comes with the package."""
    found: dict[str, Any] = msgspec.json.decode((files("jobkit_conformance.reports") / NAME).read_bytes())
    return found


def encode() -> bytes:
    """The text of the file."""
    return msgspec.json.format(msgspec.json.encode(declared()), indent=1) + b"\n"


if __name__ == "__main__":
    Path(__file__).with_name(NAME).write_bytes(encode())
