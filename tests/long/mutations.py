"""Changes those who judge backends and workers, one small thing at a time, and sees whether a test notices.

    python tests/long/mutations.py --lines mutations.jsonl

Each result is appended to a file of lines at once, so that a run that was cut off goes on where it was; a mutant whose
file has changed since is tried again. Only tests that reach the changed statement are asked. Those mutants that nobody
noticed are printed; `docs/mutations.md` says which they were, and why.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import random
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

ROOT: Final = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.long.trying import Bench  # noqa: E402

PACKAGE: Final = Path("conformance/jobkit_conformance")

TESTS: Final = {
    "model.py": ("test_model.py", "test_oracle.py"),
    "oracle.py": ("test_oracle.py",),
    "checkers/backend.py": ("test_backend_checker.py", "test_twin.py"),
    "history/job_history.py": ("test_job_history.py", "test_backend_checker.py", "test_twin.py"),
    "checkers/worker_checks.py": ("test_worker_checks.py",),
    "checkers/delivery.py": ("test_worker_checks.py",),
    "checkers/worker.py": ("test_worker_checks.py",),
    "checkers/final_state.py": ("test_worker_checks.py",),
    "checkers/disruptions.py": ("test_worker_checks.py",),
    "history/delivery_records.py": ("test_worker_checks.py",),
}
"""By file, who is asked about its mutants: the tests that are its own, the quickest first."""
SLOW: Final = "test_twin.py"
"""Asked last, and not by those in a hurry."""

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

    @property
    def key(self) -> str:
        """The same for the same change of the same file."""
        return hashlib.sha256(f"{self.file}\n{self.source}".encode()).hexdigest()[:16]


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


class Trial(msgspec.Struct):
    """What became of one mutant. ``slow``: whether all its tests were asked, the slow ones too."""

    key: str
    file: str
    line: int
    words: str
    killed: bool
    slow: bool


def statements(source: str) -> list[range]:
    """The lines of each statement that has no statements in it; of others their heads."""
    found: list[range] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno or node.lineno
            found.append(range(node.lineno, max(last, node.lineno) + 1))
    return sorted(found, key=len)


class Tries:
    """The mutants of one file, on the tests that reach them; ``told`` hears of each what became of it."""

    def __init__(
        self, file: str, chosen: Sequence[Mutant], told: Callable[[Mutant, bool], None], *, slow: bool
    ) -> None:
        path = ROOT / PACKAGE / file
        self._source = path.read_text()
        self._statements = statements(self._source)
        self._chosen = chosen
        self._told = told
        module = f"jobkit_conformance.{file.removesuffix('.py').replace('/', '.')}"
        tests = [str(ROOT / "tests/conformance" / name) for name in TESTS[file] if slow or name != SLOW]
        self._bench = Bench(module, path, tests, self._try_all)

    def run(self) -> None:
        self._bench.run()

    def _try_all(self, bench: Bench) -> None:
        if bench.anew(self._source) or not bench.anew("raise ImportError('this is the tree that is tried')"):
            raise SystemExit("a child that imports everything anew fails without a change, or imports another tree")
        for mutant in self._chosen:
            self._told(mutant, self._is_killed(bench, mutant))

    def _is_killed(self, bench: Bench, mutant: Mutant) -> bool:
        if not self._is_in_a_function(mutant.line):
            return bench.anew(mutant.source)
        lines = next(lines for lines in self._statements if mutant.line in lines)
        tests = bench.reached(lines)
        return bool(tests) and bench.patched(mutant.source, tests)

    def _is_in_a_function(self, line: int) -> bool:
        inside = [node for node in ast.walk(ast.parse(self._source)) if isinstance(node, ast.FunctionDef)]
        return any(node.body[0].lineno <= line <= (node.end_lineno or 0) for node in inside)


def main() -> int:
    parser = argparse.ArgumentParser(description="Change the kit's judges, and see whether a test notices.")
    parser.add_argument("--file", action="append", choices=sorted(TESTS), help="only this one; repeatable")
    parser.add_argument("--sample", type=int, help="so many mutants of each file, drawn (all)")
    parser.add_argument("--seed", type=int, default=1, help="of the order in which they are tried (1)")
    parser.add_argument("--lines", type=Path, default=Path("mutations.jsonl"), help="where results are kept")
    parser.add_argument("--hurry", action="store_true", help=f"do not ask {SLOW}, which is slow")
    options = parser.parse_args()
    return int(sum(_report(file, options) for file in options.file or TESTS) > 0)


def _report(file: str, options: argparse.Namespace) -> int:
    """Try the mutants of one file; how many nobody noticed."""
    found = list(mutants(file, (ROOT / PACKAGE / file).read_text()))
    chosen = random.Random(options.seed).sample(found, min(options.sample or len(found), len(found)))
    slow = not options.hurry
    known = {trial.key: trial for trial in _read(options.lines) if trial.killed or trial.slow >= slow}
    left = [mutant for mutant in chosen if mutant.key not in known]

    def told(mutant: Mutant, killed: bool) -> None:  # noqa: FBT001 - what became of it is all that there is to tell
        trial = known[mutant.key] = Trial(mutant.key, file, mutant.line, mutant.words, killed, slow)
        with options.lines.open("a") as lines:
            lines.write(msgspec.json.encode(trial).decode() + "\n")

    if left:
        Tries(file, left, told, slow=slow).run()
    survivors = [mutant for mutant in chosen if not known[mutant.key].killed]
    print(f"{file}: {len(found)} mutants, {len(chosen)} tried, {len(chosen) - len(survivors)} killed", flush=True)
    for mutant in sorted(survivors, key=lambda mutant: mutant.line):
        print(f"  line {mutant.line}: {mutant.words}", flush=True)
    return len(survivors)


def _read(path: Path) -> Iterator[Trial]:
    if path.exists():
        yield from (msgspec.json.decode(line, type=Trial) for line in path.read_text().splitlines())


if __name__ == "__main__":
    sys.exit(main())
