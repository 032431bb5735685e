"""The pages of ``docs/`` that are made of these tests: ``python -m tests.plugin.pages`` writes them anew."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
GOLDEN = HERE / "golden"

# Coming from elsewhere.

TRANSLATED = HERE / "test_translated.py"

INTRODUCTION = """\
# Coming from elsewhere

How the test helpers of Rails (Active Job), Laravel, Sidekiq and Oban are said here. Made of
[tests/plugin/test_translated.py](../tests/plugin/test_translated.py), where each of these is a test that passes. What
is asserted is plain Python, so there is no list of assertions to learn: five logs, three kinds of pattern, and a few
verbs ([the guide](../pytest_plugin/README.md)).

What is different everywhere:

- Nothing is performed until the test says so, and then only what is due. `perform` goes on until nothing is; `advance`
  moves the clock and performs on the way.
- There is no adapter to choose and nothing to clear: each test has its own jobs, on whichever backend the run was
  told.
- Arguments always go through the app's own coder, and errors leave `perform` as they were raised.
- `in` means at least one, `not in` means none; how many is said in numbers.
- Times are exact.
"""


def coming_from() -> str:
    source = TRANSLATED.read_text()
    app = source[source.index("app = ") : source.index("TOMORROW = ")].strip()
    samples = f"## The jobs of the samples\n\n```python\n{app}\n```\n"
    return "\n".join([INTRODUCTION, *_translations(source), samples])


def _translations(source: str) -> Iterator[str]:
    lines = source.splitlines()
    headings = {number: line.removeprefix("# ") for number, line in enumerate(lines, 1) if re.match(r"# [A-Z]", line)}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        begin = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        for number in [each for each in headings if each < begin]:
            yield f"## {headings.pop(number)}\n"
        yield f"### {node.name.removeprefix('test_').replace('_', ' ').capitalize()}\n"
        yield _forms(ast.get_docstring(node) or "")
        body = "\n".join(lines[node.body[0].end_lineno or 0 : node.end_lineno])
        decorators = lines[begin - 1 : node.lineno - 1]
        yield "\n".join(["```python", *decorators, textwrap.dedent(body), "```", ""])


def forms_of(docstring: str) -> dict[str, str]:
    """By system, how it is said there."""
    return dict(line.split(": ", 1) for line in docstring.splitlines())


def _forms(docstring: str) -> str:
    return "".join(f"- {system}: `{form}`\n" for system, form in forms_of(docstring).items())


# What failures show.

FAILURES = """\
# What a failure shows

Every message of the pytest plugin, as pytest prints it. Made of [tests/plugin/golden](../tests/plugin/golden), which
[tests/plugin/test_golden.py](../tests/plugin/test_golden.py) holds against what is printed: this page is what you
get. pytest cuts an explanation after eight lines unless told `-vv`, so the answer stands in the first eight.
"""


def failures(titles: Mapping[str, str]) -> str:
    """One section a golden file, in the order of their titles."""
    parts = [FAILURES]
    for name, title in titles.items():
        parts += [f"## {title}\n", f"```text\n{(GOLDEN / f'{name}.txt').read_text()}```\n"]
    return "\n".join(parts)


def pages() -> dict[str, Callable[[], str]]:
    from tests.plugin.test_golden import TITLES

    return {"coming-from.md": coming_from, "failures.md": lambda: failures(TITLES)}


def main() -> None:
    for name, make in pages().items():
        (DOCS / name).write_text(make())


if __name__ == "__main__":
    main()
