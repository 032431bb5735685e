"""``jobkit conformance TARGET``, and ``jobkit conformance WORD FILE ...``: which of them is meant."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from jobkit_conformance.cli import badge, compare, merge
from jobkit_conformance.cli import run as play


class Subcommand(NamedTuple):
    """What can stand in a target's place: something to do with reports that are there already."""

    describe: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    summary: str


WORDS: Final = {
    "merge": Subcommand(merge.describe, merge.run, "one report of several"),
    "compare": Subcommand(compare.describe, compare.run, "what changed between two reports"),
    "badge": Subcommand(badge.describe, badge.run, "a report as a badge"),
}

EPILOG: Final = """\
with reports that are there already:
{words}

exit codes: 0 conformant; 1 a rule is broken, or an unclaimed option was accepted; 2 the command was not used as it can
be; 3 some rules could not be judged (0 with --allow-incomplete); 4 the kit or the harness failed
"""


def command(parser: argparse.ArgumentParser) -> None:
    """Describe the command to ``jobkit``."""
    parser.description = "Check a job backend against every rule of jobkit's contract."
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG.format(
        words="\n".join(f"  {name} FILE ...".ljust(20) + word.summary for name, word in WORDS.items())
    )
    parser.usage = "%(prog)s [options] TARGET\n       %(prog)s WORD [-h] FILE ..."
    options = play.options(parser)
    parser.add_argument("target", action=_Target, nargs=argparse.PARSER, metavar="TARGET", help=play.TARGET)
    parser.set_defaults(run=play.run, of_a_run=options)


class _Target(argparse.Action):
    """The target, with the options after it; or a word, with what belongs to it and nothing else."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        first, *rest = list(values or ())
        word = WORDS.get(first)
        if word is None:
            inner = argparse.ArgumentParser(parser.prog, usage=parser.usage)
            play.options(inner)
            namespace.target = first
        else:
            _refuse_options(parser, namespace, first)
            inner = argparse.ArgumentParser(f"{parser.prog} {first}")
            word.describe(inner)
            namespace.run = word.run
        inner.parse_args(rest, namespace)


def _refuse_options(parser: argparse.ArgumentParser, namespace: argparse.Namespace, word: str) -> None:
    """Options of a run have no meaning for a word, and are not ignored."""
    for option in namespace.of_a_run:
        if getattr(namespace, option.dest) != option.default:
            parser.error(f"{option.option_strings[-1]} is for a run: state the options of {word!r} after it")
