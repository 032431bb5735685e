"""Writes the table of rules in the guide for backend authors: ``python -m jobkit_conformance.docs_table README.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jobkit_conformance.catalogue import FAMILIES, RULES, UNCHECKED, Rule

BEGIN: Final = "<!-- the rules, from the catalogue: begin -->"
END: Final = "<!-- the rules, from the catalogue: end -->"


def table() -> str:
    """Every rule: what it says, what it needs, and real bugs that it would have caught."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    for family, name in FAMILIES.items():
        yield f"\n**{family}: {name}**\n"
        yield "| rule | what it says | needs | would have caught |"
        yield "|---|---|---|---|"
        yield from (_row(rule) for rule in RULES if rule.family == family)
    yield ""


def _row(rule: Rule) -> str:
    sentence = rule.sentence if rule.id not in UNCHECKED else f"{rule.sentence} (No check yet: {UNCHECKED[rule.id]}.)"
    needs = ", ".join(rule.needs).replace("|", " or ").replace("_", "-")
    cells = (rule.id, sentence, needs, ", ".join(rule.bugs[:3]))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace('*', chr(92) + '*') for cell in cells)} |"


def update_table(text: str) -> str:
    """A guide whose table is the catalogue's."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    for _name in sys.argv[1:]:
        _path = Path(_name)
        _path.write_text(update_table(_path.read_text()))
