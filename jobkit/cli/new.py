"""``jobkit new job NAME``: writes a job and its test, to be changed from there. Others add what else can be begun."""

from __future__ import annotations

import argparse
import keyword
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from jobkit.cli.targets import find_app
from jobkit.errors import ConfigurationError

GROUP: Final = "jobkit.new"

JOB: Final = '''"""__TITLE__."""

from __future__ import annotations

import jobkit
__APP__

@app.job(retry=jobkit.Retry(attempts=5, on=ConnectionError))
async def __NAME__(number: int) -> None:
    """What it does, in a sentence. It may be performed more than once: let that do no harm."""
'''

TEST: Final = '''"""__TITLE__."""

from __future__ import annotations

from pytest_jobkit import Jobs

from __MODULE__ import __NAME__


def test_it_is_enqueued_and_performed(jobs: Jobs) -> None:
    __NAME__.enqueue(7)
    assert __NAME__.call(7) in jobs.pending
    jobs.perform()
    assert __NAME__.call(7) in jobs.performed
'''


def command(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write the beginning of something, to be changed from there."
    kinds = parser.add_subparsers(dest="kind", metavar="WHAT", required=True)
    job = kinds.add_parser("job", help="a job and its test")
    job.add_argument("name", metavar="NAME", help="of the function, such as send_receipt")
    job.add_argument("--app", "-a", metavar="MODULE:APP", help="the app that it belongs to (one of its own)")
    job.add_argument("--into", type=Path, default=Path(), metavar="FOLDER", help="where it is written (here)")
    job.set_defaults(run=run)
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        describe = point.load()
        describe(kinds.add_parser(point.name, help=describe.__doc__))


def run(stated: argparse.Namespace) -> int:
    """Write it, and say what to do next; nothing that is there is touched."""
    files = contents(stated.name, stated.app)
    write(files, stated.into)
    module = module_of(stated.name, stated.app)
    print(f"\nTry it: pytest tests/test_{stated.name}.py")
    if stated.app is None:
        print(f"Perform it: JOBKIT_BACKEND=redis://localhost jobkit worker {module}:app")
    else:
        print(f"Import it where the app is told of its jobs: from {module} import {stated.name}")
    return 0


def contents(name: str, app: str | None) -> dict[str, str]:
    """The files of a job of this name, by their path."""
    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower():
        raise ConfigurationError(f"{name!r} is no name for a job: small letters, digits and _, such as send_receipt")
    module = module_of(name, app)
    words = {"NAME": name, "TITLE": name.replace("_", " ").capitalize(), "MODULE": module, "APP": _app(app)}
    return {f"{module.replace('.', '/')}.py": filled(JOB, words), f"tests/test_{name}.py": filled(TEST, words)}


def _app(app: str | None) -> str:
    if app is None:
        return "\napp = jobkit.App()  # its jobs are kept where JOBKIT_BACKEND says\n"
    find_app(app)
    module, _, name = app.partition(":")
    if "." in name:
        raise ConfigurationError(
            f"--app {app}: a job imports its app by its name, so {name!r} can't be inside of another"
        )
    return f"from {module} import {name}\n" if name == "app" else f"from {module} import {name} as app\n"


def module_of(name: str, app: str | None) -> str:
    """Beside the module of its app."""
    package = "" if app is None else app.partition(":")[0].rpartition(".")[0]
    return f"{package}.{name}" if package else name


def filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"__{word}__", value)
    return text


def write(files: dict[str, str], into: Path) -> None:
    there = [path for path in files if (into / path).exists()]
    if there:
        raise ConfigurationError(f"{into / there[0]} is there already; choose another name, or --into a folder")
    for path, text in files.items():
        (into / path).parent.mkdir(parents=True, exist_ok=True)
        (into / path).write_text(text, encoding="utf-8")
        print(f"wrote {into / path}")
