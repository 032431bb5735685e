"""Writes the beginning of a backend: one that works in memory, its harness, and its test."""

from __future__ import annotations

import argparse
import keyword
from pathlib import Path
from typing import Final

from jobkit.errors import ConfigurationError

HERE: Final = Path(__file__).parent
FILES: Final = {
    "{name}/__init__.py": "init.txt",
    "{name}/backend.py": "backend.txt",
    "{name}/harness.py": "harness.txt",
    "tests/test_{name}.py": "test.txt",
}
"""What is written, and from which template."""


def command(parser: argparse.ArgumentParser) -> None:
    """a job backend, its harness for the kit, and its test"""
    parser.description = "Write a backend that works in memory, its harness and its test, to be changed from there."
    parser.add_argument("name", metavar="NAME", help="of the package, such as my_store")
    parser.add_argument("--into", type=Path, default=Path(), metavar="FOLDER", help="where it is written (here)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write it, and say what to do next; nothing that is there is touched."""
    files = contents(options.name)
    there = [path for path in files if (options.into / path).exists()]
    if there:
        raise ConfigurationError(f"{options.into / there[0]} is there already; choose another name, or --into a folder")
    for path, text in files.items():
        (options.into / path).parent.mkdir(parents=True, exist_ok=True)
        (options.into / path).write_text(text, encoding="utf-8")
        print(f"wrote {options.into / path}")  # noqa: T201
    print(f"\nIt works, in memory. See what it keeps: jobkit conformance {options.name}.harness:Harness")  # noqa: T201
    print("Then put your store in the place of `Store`, and claim more in `CAPABILITIES`, one option at a time.")  # noqa: T201
    return 0


def contents(name: str) -> dict[str, str]:
    """The files of a backend of this name, by their path."""
    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower():
        raise ConfigurationError(f"{name!r} is no name for a package: small letters, digits and _, such as my_store")
    words = {"NAME": name, "CLASS": "".join(part.capitalize() for part in name.split("_"))}
    return {path.format(name=name): _filled(HERE / template, words) for path, template in FILES.items()}


def _filled(template: Path, words: dict[str, str]) -> str:
    text = template.read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"__{word}__", value)
    return text
