"""Each line of the guide's tables names the test that shows it, and those tests exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "redis.md"


def defined() -> set[str]:
    """The tests that there are."""
    files = [*ROOT.glob("tests/backends/redis/test_*.py"), *ROOT.glob("tests/long/test_*.py")]
    texts = [file.read_text() for file in files]
    return {name for text in texts for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE)}


def test_what_the_guide_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)(?:\[\w+\])?`", GUIDE.read_text()))
    assert len(named) > 15
    assert named - defined() == set()


def test_each_line_of_what_is_kept_is_shown_by_a_test() -> None:
    section = GUIDE.read_text().partition("## What is kept")[2].partition("\n## ")[0]
    heads = ("|--", "| the server keeps", "| replication")
    lines = [line for line in section.splitlines() if line.startswith("| ") and not line.startswith(heads)]
    assert len(lines) == 13
    assert [line for line in lines if "`test_" not in line and "the same `[" not in line] == []
