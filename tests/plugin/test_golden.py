"""What failures print, word for word: ``golden/`` holds it, and ``docs/failures.md`` shows it.

``JOBKIT_GOLDEN=write pytest tests/plugin/test_golden.py`` writes what is printed now; read it before you commit it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Mapping

import pytest

from tests import lean_pytest
from tests.plugin.chaos_failures import CHAOS
from tests.plugin.conftest import HEAD, INI, SHOP, Project
from tests.plugin.failure import Failure
from tests.plugin.pages import GOLDEN
from tests.plugin.refusals import REFUSALS

FAILURES: Mapping[str, Failure] = {
    # Assertions.
    "closest": Failure(
        "The job is there with other arguments",
        """
        sign_up(1)
        assert send_welcome.call(user_id=1, template="goodbye").on("mail") in jobs.enqueued
        """,
    ),
    "options": Failure(
        "Each option that was stated is compared",
        """
        remind.using(delay=60, priority=3, key="order-1").enqueue(1)
        assert remind.call(1).after(90).priority(4).key("order-2") in jobs.pending
        """,
    ),
    "long-value": Failure(
        "A long value is shown from where it differs",
        """
        audit.enqueue("signup", {"who": {"name": "Ada Lovelace", "email": "ada@example.org"}, "plan": "free"})
        ada = {"name": "Ada Lovelace", "email": "ada@example.com"}
        assert audit.call("signup", {"who": ada, "plan": "free"}) in jobs.enqueued
        """,
    ),
    "not-yet-performed": Failure(
        "The job is there, and was not performed",
        """
        place_order(7)
        jobs.perform()
        assert remind.call(7) in jobs.performed
        """,
    ),
    "dead": Failure(
        "The job is there, and died",
        """
        charge.enqueue(13)
        jobs.advance(minutes=1)
        assert charge.call(13) in jobs.performed
        """,
    ),
    "other-queue": Failure(
        "The job is there, on another queue",
        """
        push_crm.enqueue(1)
        assert push_crm.call(1) in jobs.enqueued.on("mail")
        """,
    ),
    "other-name": Failure(
        "A job of nearly that name",
        """
        @app.job(name="send_welcome_sms")
        def send_welcome_sms(user_id: int) -> None: ...

        sign_up(1)
        assert send_welcome_sms.call(1) in jobs.enqueued
        """,
    ),
    "no-such-job": Failure(
        "No such job",
        """
        sign_up(1)
        assert remind in jobs.enqueued
        """,
    ),
    "empty": Failure(
        "Nothing at all",
        """
        assert remind.call(7) in jobs.enqueued
        """,
    ),
    "not-in": Failure(
        "A job that should not be there",
        """
        sign_up(1)
        sign_up(2)
        assert send_welcome not in jobs.enqueued
        """,
    ),
    "lists": Failure(
        "Lists that differ",
        """
        sign_up(1)
        push_crm.enqueue(9)
        assert jobs.enqueued == [send_welcome.call(2), audit.call("signup")]
        """,
    ),
    "entry": Failure(
        "An entry that is not like that",
        """
        remind.enqueue(7)
        assert jobs.perform_one().entry == remind.call(8)
        """,
    ),
    "count": Failure(
        "So many, and not as many",
        """
        sign_up(1)
        sign_up(2)
        assert jobs.enqueued.count(send_welcome) == 1
        """,
    ),
    "only": Failure(
        "Several, and not the only one",
        """
        sign_up(1)
        sign_up(2)
        jobs.enqueued.only(send_welcome)
        """,
    ),
    "only-none": Failure(
        "None, and not the only one",
        """
        sign_up(1)
        jobs.enqueued.only(send_welcome.call(2))
        """,
    ),
    "queue-name": Failure(
        "A queue that nobody has",
        """
        sign_up(1)
        assert send_welcome in jobs.enqueued.on("mial")
        """,
    ),
    "not-a-job": Failure(
        "What can't be found in a log",
        """
        sign_up(1)
        assert "send_welcome" in jobs.enqueued
        """,
    ),
    # Verbs.
    "raises": Failure(
        "A job that raises what no rule covers",
        """
        charge.enqueue(14)
        jobs.perform()
        """,
    ),
    "none-due": Failure(
        "Nothing to perform",
        """
        place_order(7)
        jobs.perform_one(remind)
        """,
    ),
    "for-ever": Failure(
        "Jobs that enqueue each other for ever",
        """
        @app.job(name="sync_page")
        def sync_page(number: int) -> None:
            sync_page.enqueue(number + 1)

        @app.job(name="sync_all")
        def sync_all() -> None:
            sync_page.enqueue(1)

        sync_all.enqueue()
        jobs.perform()
        """,
    ),
    "for-ever-inline": Failure(
        "Jobs that enqueue each other for ever, at once",
        """
        @app.job(name="ping")
        def ping() -> None:
            pong.enqueue()

        @app.job(name="pong")
        def pong() -> None:
            ping.enqueue()

        with jobs.inline():
            ping.enqueue()
        """,
    ),
    "waits": Failure(
        "A worker that did not do it",
        """
        remind.enqueue(7)
        jobs.wait_for(remind.call(7), timeout=0.01)
        """,
    ),
    "outage": Failure(
        "An outage that nobody noticed",
        """
        with jobs.broker_down(at=3):
            sign_up(1)
        """,
    ),
    "loop": Failure(
        "The plain verb where a loop runs",
        """
        jobs.perform()
        """,
        style="async def",
    ),
    # Enqueues.
    "signature": Failure(
        "Arguments that do not bind",
        """
        send_welcome.enqueue(userid=1)
        """,
    ),
    "lossy": Failure(
        "An argument that would come back changed",
        """
        audit.enqueue("sold", {"items": [{"price": 1}, {"price": (1, 2)}]})
        """,
    ),
    # What fails a test by itself.
    "leftover": Failure(
        "A job that nobody looked at",
        """
        sign_up(1)
        """,
    ),
    "never-awaited": Failure(
        "An aenqueue that nobody awaited",
        """
        remind.aenqueue(7)
        """,
    ),
    "surprise": Failure(
        "A job that died, and nobody expected it",
        """
        charge.enqueue(13)
        jobs.advance(minutes=1)
        """,
    ),
    # And below.
    "captured": Failure(
        "What became of each job, below every failing test",
        """
        sign_up(1)
        place_order(7)
        charge.enqueue(13)
        jobs.advance(seconds=3)
        remind.using(key="r").enqueue(1)
        remind.using(key="r").enqueue(2)
        assert "the test's own" == "failure"
        """,
    ),
    **CHAOS,
}

TITLES = {
    **{name: failure.title for name, failure in FAILURES.items()},
    **{name: refusal.title for name, refusal in REFUSALS.items()},
}


SLOW = """
    from jobkit.backends import inline
    from jobkit.backends.delegating import DelegatingBackend


    class Slow(DelegatingBackend):
        takes_clock = False

        async def close(self):
            await self.backend.close()


    def factory(url, namespace, clock):
        return Slow(inline.factory(f"inline:{namespace}", namespace, clock))
"""
"""A backend that can't do everything."""

VARIABLES = ("CI", "BUILD_NUMBER", "PYTEST_ADDOPTS", "JOBKIT_BACKEND", "COLUMNS")


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """By name, what one run of them all says."""
    folder = tmp_path_factory.mktemp("failures")
    for name, text in (("shop.py", SHOP), ("tox.ini", INI)):
        (folder / name).write_text(textwrap.dedent(text))
    for name, failure in FAILURES.items():
        body = textwrap.indent(textwrap.dedent(failure.test).strip(), "    ")
        head = textwrap.dedent(HEAD).strip()
        mark = f"@pytest.mark.jobkit({failure.mark})\n" if failure.mark else ""
        test = f"test_{name.replace('-', '_')}"
        (folder / f"{test}.py").write_text(f"{head}\n\n\n{mark}{failure.style} {test}(jobs):\n{body}\n")
    command = [sys.executable, "-m", "pytest", *lean_pytest.plugins(), "-p", "no:cacheprovider"]
    environment = lean_pytest.environment(*VARIABLES)
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert f"{len(FAILURES)} failed in" in ran.stdout, ran.stdout + ran.stderr
    text = "\n".join(line.rstrip() for line in ran.stdout.splitlines())
    parts = re.split(r"^_{3,} test_(\w+) _{3,}\n", text.partition("= FAILURES =")[2], flags=re.MULTILINE)
    names = [name.replace("_", "-") for name in parts[1::2]]
    return dict(zip(names, map(_clean, parts[2::2]), strict=True))


def _clean(part: str) -> str:
    part = re.split(r"^=+ short test summary", part, flags=re.MULTILINE)[0]
    part = re.sub(r"^ +\^+\n", "", part, flags=re.MULTILINE)  # which Python underlines what is its own affair
    return part.strip("\n") + "\n"


@pytest.mark.realtime
def test_each_failure_is_said_like_that_and_in_its_first_lines(printed: dict[str, str]) -> None:
    """pytest cuts an explanation after its eighth line. No line is of jobkit's own code, or too long to read."""
    assert printed.keys() == FAILURES.keys()
    for name, said in printed.items():
        compare(name, said)
        assert sum(line.startswith("E ") for line in said.splitlines()) <= 8, name
        assert "truncated" not in said, name
        assert not any(place in said for place in (str(GOLDEN.parents[2]), "site-packages")), name
        assert max(map(len, said.splitlines())) <= 200, name


@pytest.mark.parametrize("name", REFUSALS)
def test_a_run_is_refused_or_summed_up_like_that(name: str, project: Project) -> None:
    wanted = REFUSALS[name]
    (project.path / "tox.ini").write_text(textwrap.dedent(INI) + wanted.ini + "\n")
    project.write("slow.py", SLOW)
    result = project.run(wanted.tests, *wanted.arguments)
    lines = [line.rstrip() for line in [*result.outlines, *result.errlines]]
    begin = next((number for number, line in enumerate(lines) if re.match(wanted.begin, line)), None)
    assert begin is not None, "\n".join(lines)
    shown = "\n".join(lines[begin:]).replace(str(project.path), ".")
    shown = re.split(r"^=+ short test summary|^=+ .* in \d", shown, flags=re.MULTILINE)[0]
    compare(name, shown.strip("\n") + "\n")


def compare(name: str, said: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("JOBKIT_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(said)
    assert said == path.read_text()


def test_no_file_is_forgotten() -> None:
    assert sorted(path.stem for path in GOLDEN.iterdir()) == sorted(TITLES)
