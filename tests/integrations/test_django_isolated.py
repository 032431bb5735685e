"""``--jobkit-isolate=process`` under Django: a job's process opens the test's databases, or says why it can't."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests import lean_pytest

pytestmark = pytest.mark.realtime

EXAMPLES = Path(__file__).parents[2] / "examples"

INI = f"""
    [pytest]
    pythonpath = . {EXAMPLES}
    DJANGO_SETTINGS_MODULE = own_settings
    django_find_project = false
"""

SETTINGS = """
    from helpdesk.settings import *
    from pathlib import Path

    HERE = Path(__file__).parent
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "own.sqlite3", "TEST": TEST}}
"""

TESTS = """
    import os

    import pytest
    from django.test import TestCase

    from helpdesk.jobs import escalate
    from helpdesk.models import Ticket


    @pytest.mark.django_db(transaction=True)
    def test_committed(jobs):
        ticket = Ticket.objects.create(email="ada@example.org", subject="Where is it?")
        escalate.enqueue(ticket.pk)
        jobs.perform()
        ticket.refresh_from_db()
        assert ticket.escalated


    @pytest.mark.django_db(transaction=True)
    @pytest.mark.asyncio
    async def test_on_a_loop(jobs):
        ticket = await Ticket.objects.acreate(email="ada@example.org", subject="Where is it?")
        await escalate.aenqueue(ticket.pk)
        await jobs.aperform()
        await ticket.arefresh_from_db()
        assert ticket.escalated


    class InATransaction(TestCase):
        @pytest.fixture(autouse=True)
        def _jobs(self, jobs):
            self.jobs = jobs

        def test_it(self):
            ticket = Ticket.objects.create(email="ada@example.org", subject="Where is it?")
            escalate.enqueue(ticket.pk)
            self.jobs.perform()
"""


def run(folder: Path, test: str) -> str:
    """On a database like that: what pytest says."""
    for name, text in (("pytest.ini", INI), ("own_settings.py", SETTINGS.replace("TEST}", f"{test}}}"))):
        (folder / name).write_text(textwrap.dedent(text))
    (folder / "test_own.py").write_text(textwrap.dedent(TESTS))
    around = lean_pytest.environment("DJANGO_SETTINGS_MODULE", "JOBKIT_BACKEND")
    plugins = lean_pytest.plugins("django")
    options = ("-q", "--jobkit-isolate=process", "-W", "ignore", "--nomigrations", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *plugins, *options]
    ended = subprocess.run(command, cwd=folder, env=around, capture_output=True, text=True)
    return ended.stdout + ended.stderr


def test_what_is_committed_is_seen_in_the_process_of_the_job(tmp_path: Path) -> None:
    said = run(tmp_path, "{'NAME': HERE / 'test.sqlite3'}")
    assert "1 failed, 2 passed" in said, said
    assert "NotIsolated: this test is inside of a transaction that is never committed" in said
    assert "make it a TransactionTestCase" in said
    assert not (tmp_path / "own.sqlite3").exists()  # the project's own


def test_a_database_in_memory_is_refused(tmp_path: Path) -> None:
    said = run(tmp_path, "{}")
    assert "3 failed" in said, said
    assert said.count("NotIsolated: Django's test database 'default' is in the memory of this process") >= 3
    assert "'TEST': {'NAME': 'test.sqlite3'} in DATABASES['default']" in said
