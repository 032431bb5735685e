"""Changes the model, the judge and the invariants, one small thing at a time, and sees whether a test notices.

    python tests/long/mutations.py --sample 60

Each mutant is tried on a copy of the tree. Those that nobody noticed are printed; `docs/mutations.md` says of the last
run which they were, and why.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("jobkit", "conformance", "pytest_plugin", "tests", "pyproject.toml")
PACKAGE: Final = Path("conformance/jobkit_conformance")
LIMIT: Final = 90.0
"""Seconds in which the tests of a mutant end, or it hangs: that is noticed too."""

TESTS: Final = {
    "model.py": ("test_model.py", "test_judge.py"),
    "judge.py": ("test_judge.py",),
    "simulation/invariants.py": ("test_invariants.py", "test_twin.py"),
    "simulation/lives.py": ("test_invariants.py", "test_twin.py"),
}
"""By file, who is asked about its mutants: the tests that are its own, the quickest first."""

FLIPPED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


class Mutant(NamedTuple):
    """``source``: the file with one thing changed, which is on this line."""

    file: str
    line: int
    words: str
    source: str


def mutants(file: str, source: str) -> Iterator[Mutant]:
    """Every change to a file, each alone."""
    number = 0
    while (change := _Change(number)).apply(source):
        yield Mutant(file, change.line, change.words, change.source)
        number += 1


class _Change(ast.NodeTransformer):
    """Makes the change of this number, counted through the file."""

    def __init__(self, number: int) -> None:
        self._left = number
        self.line = 0
        self.words = ""
        self.source = ""

    def apply(self, source: str) -> bool:
        tree = self.visit(ast.parse(source))
        self.source = ast.unparse(ast.fix_missing_locations(tree))
        return bool(self.words)

    def visit(self, node: ast.AST) -> ast.AST:
        if self.words or isinstance(node, (ast.JoinedStr, ast.arguments)):
            return node  # what is said about a fault is nobody's promise, nor is a default
        for other in _others(node):
            if self._left == 0:
                self.line = getattr(node, "lineno", 0)
                self.words = f"{_brief(node)} became {_brief(other)}"
                return ast.copy_location(other, node)
            self._left -= 1
        changed: ast.AST = self.generic_visit(node)
        return changed


def _others(node: ast.AST) -> Iterator[ast.AST]:  # noqa: C901 - a case a kind of node
    """What may stand in the place of a node, and is wrong."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=comparators) if type(op) in FLIPPED:
            yield ast.Compare(left, [FLIPPED[type(op)]()], comparators)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.And() if isinstance(op, ast.Or) else ast.Or(), values)
            for place in range(len(values)):
                rest = [value for number, value in enumerate(values) if number != place]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            yield ast.BinOp(left, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), right)
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=str(value)) if re.fullmatch(r"[A-Z]\d+", value):
            yield ast.Constant("Z0")
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Raise():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute()]) | ast.AugAssign() | ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case _:
            return


def _brief(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 70 else f"{text[:67]}..."


# Trying them.


def copied(folder: Path) -> Path:
    """A tree of its own for mutants."""
    folder.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def noticed(tree: Path, tests: Sequence[str]) -> bool:
    """Whether one of these tests fails in a tree."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(str(tree / root) for root in ("", "conformance", "pytest_plugin")),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for name in tests:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"tests/conformance/{name}"]
        try:
            ended = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return True
        if ended.returncode not in (0, 1, 2, 4):  # 4: what it imports can't be
            raise SystemExit(f"pytest ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
        if ended.returncode:
            return True
    return False


def tried(tree: Path, mutant: Mutant) -> bool:
    """Whether a mutant is noticed; the tree is as it was afterwards."""
    path = tree / PACKAGE / mutant.file
    before = path.read_text()
    try:
        path.write_text(mutant.source)
        return noticed(tree, TESTS[mutant.file])
    finally:
        path.write_text(before)


def main() -> int:
    parser = argparse.ArgumentParser(description="Change the kit's judges, and see whether a test notices.")
    parser.add_argument("--file", action="append", choices=sorted(TESTS), help="only this one; repeatable")
    parser.add_argument("--sample", type=int, help="so many mutants of each file, drawn (all)")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn (1)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once (2)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trees: Queue[Path] = Queue()
        for number in range(options.jobs):
            trees.put(copied(Path(folder) / str(number)))
        return _report(trees, options)


def _report(trees: Queue[Path], options: argparse.Namespace) -> int:
    survivors = 0
    for file in options.file or TESTS:
        found = list(mutants(file, (ROOT / PACKAGE / file).read_text()))
        chosen = random.Random(options.seed).sample(found, min(options.sample or len(found), len(found)))
        _check_unchanged(trees, file)
        with ThreadPoolExecutor(options.jobs) as pool:
            fates = list(pool.map(lambda mutant: _in_a_tree(trees, mutant), chosen))
        left = [mutant for mutant, dead in zip(chosen, fates, strict=True) if not dead]
        survivors += len(left)
        print(f"{file}: {len(found)} mutants, {len(chosen)} tried, {len(chosen) - len(left)} killed", flush=True)
        for mutant in sorted(left):
            print(f"  line {mutant.line}: {mutant.words}", flush=True)
    return int(bool(survivors))


def _in_a_tree(trees: Queue[Path], mutant: Mutant) -> bool:
    tree = trees.get()
    try:
        return tried(tree, mutant)
    finally:
        trees.put(tree)


def _check_unchanged(trees: Queue[Path], file: str) -> None:
    """Tests that fail without any change would kill everything."""
    tree = trees.get()
    try:
        unchanged = ast.unparse(ast.parse((ROOT / PACKAGE / file).read_text()))
        if tried(tree, Mutant(file, 0, "", unchanged)):
            raise SystemExit(f"the tests of {file} fail already: mend them first")
        if not tried(tree, Mutant(file, 0, "", "raise ImportError('this is the tree that is tried')")):
            raise SystemExit("the tests import another tree than the copy")
    finally:
        trees.put(tree)


if __name__ == "__main__":
    sys.exit(main())
