"""The backend of Django's tasks, in a process of its own: Django can be set up once in each."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests import lean_pytest

pytestmark = pytest.mark.realtime

ROOT = Path(__file__).parents[2]

SETTINGS = """
    SECRET_KEY = "none"
    INSTALLED_APPS = []
    USE_TZ = True
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    TASKS = {
        "default": {
            "BACKEND": "jobkit.integrations.django.TaskBackend",
            "QUEUES": ["default", "mail"],
            "OPTIONS": {"app": "own_jobs:app"},
        },
        "nowhere": {"BACKEND": "jobkit.integrations.django.TaskBackend", "OPTIONS": {}},
        "wrong": {"BACKEND": "jobkit.integrations.django.TaskBackend", "OPTIONS": {"app": "own_jobs:missing"}},
    }
"""

TASKS = """
    try:
        from django.tasks import task
    except ImportError:
        from django_tasks import task

    import jobkit

    @task(queue_name="mail", priority=100)
    def send(user_id: int, template: str = "welcome"):
        if user_id == 13:
            raise ConnectionError("refused")
        if user_id == 14:
            raise LookupError("gone")
        return f"{template} {user_id}"

    @task(retry=jobkit.Retry(attempts=2, wait=1, on=ConnectionError), discard=LookupError)
    def stubborn(user_id: int):
        send.func(user_id)

    @task(takes_context=True)
    def attempt(context, times: int):
        return [context.attempt] * times
"""

TESTS = """
    from datetime import timedelta

    import pytest
    from django.core.exceptions import ImproperlyConfigured
    from django.utils import timezone

    try:
        from django.tasks import signals, task, task_backends
    except ImportError:
        from django_tasks import signals, task, task_backends

    import jobkit
    from own_tasks import attempt, send, stubborn

    @pytest.mark.parametrize(("django", "ours"), [(-100, 0), (-1, 4), (0, 4), (1, 5), (100, 9)])
    def test_priorities_keep_their_order(jobs, django, ours):
        send.using(priority=django).enqueue(1)
        assert send.job.call(1).priority(ours) in jobs.enqueued

    def test_it_is_declared_with_its_own_name_queue_and_priority(jobs):
        assert send.job.name == "own_tasks.send"
        send.enqueue(user_id=1)
        assert send.job.call(1).on("mail").priority(9) in jobs.enqueued

    def test_a_result_tells_what_was_enqueued(jobs):
        result = send.enqueue(1, template="hello")
        entry = jobs.enqueued.only(send.job.call(1, "hello"))
        assert (result.id, result.args, result.kwargs) == (entry.id, [1], {"template": "hello"})
        assert result.status == "READY" and result.enqueued_at is not None
        with pytest.raises(NotImplementedError):
            send.get_result(result.id)

    def test_arguments_are_checked_when_enqueued(jobs):
        with pytest.raises(jobkit.SignatureMismatch):
            send.enqueue(1, templte="hello")
        with pytest.raises(TypeError):
            send.enqueue(timezone.now())  # Django's tasks take JSON only
        with pytest.raises(jobkit.LossyArgument):
            send.enqueue("seven")
        assert jobs.enqueued == []

    def test_run_after(jobs):
        send.using(run_after=timezone.now() + timedelta(hours=1)).enqueue(1)
        assert jobs.perform() == []
        jobs.advance(hours=2)
        assert send.job.call(1) in jobs.performed

    def test_retry_and_discard(jobs):
        stubborn.enqueue(13)
        jobs.perform()
        assert stubborn.job.call(13) in jobs.pending
        jobs.advance(seconds=1)
        assert stubborn.job.call(13) in jobs.dead
        stubborn.enqueue(14)
        assert jobs.perform()[0].state == "discarded"

    def test_a_context_knows_its_attempt(jobs):
        attempt.enqueue(times=2)
        assert jobs.perform()[0].value == [1, 1]
        assert jobs.run(attempt.job.call(times=1), attempt=3).value == [3]

    async def test_asynchronous_code(jobs):
        await send.aenqueue(1)
        assert (await jobs.aperform())[0].value == "welcome 1"

    def test_django_s_signals(jobs):
        seen = []
        def hear(signal, task_result, **_):
            errors = [each.exception_class for each in task_result.errors]
            seen.append((task_result.id, str(task_result.status), errors))
        for signal in (signals.task_enqueued, signals.task_started, signals.task_finished):
            signal.connect(hear, weak=False)
        try:
            good, bad = send.enqueue(1).id, stubborn.enqueue(14).id
            jobs.perform()
        finally:
            for signal in (signals.task_enqueued, signals.task_started, signals.task_finished):
                signal.disconnect(hear)
        assert seen == [
            (good, "READY", []),
            (bad, "READY", []),
            (good, "RUNNING", []),
            (good, "SUCCESSFUL", []),
            (bad, "RUNNING", []),
            (bad, "FAILED", [LookupError]),
        ]

    def test_a_function_inside_of_another_is_refused():
        from django.core.exceptions import ImproperlyConfigured
        with pytest.raises(Exception, match="module level"):
            @task
            def inner(): ...

    def test_settings_that_name_no_app():
        with pytest.raises(ImproperlyConfigured, match="'app'. names the jobkit.App that keeps"):
            task_backends["nowhere"]
        with pytest.raises(ImproperlyConfigured, match="own_jobs:missing"):
            task_backends["wrong"]

    def test_what_a_worker_is_started_with():
        import subprocess, sys
        code = "from jobkit.integrations.django.worker import app; import own_jobs; print(app is own_jobs.app)"
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert ended.returncode != 0 and "TASKS names 2 apps" in ended.stderr, ended
"""


def test_it(tmp_path: Path) -> None:
    files = {"own_settings.py": SETTINGS, "own_jobs.py": "import jobkit\napp = jobkit.App()\n", "own_tasks.py": TASKS}
    for name, text in {**files, "test_own.py": TESTS}.items():
        (tmp_path / name).write_text(textwrap.dedent(text))
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npythonpath = .\nDJANGO_SETTINGS_MODULE = own_settings\ndjango_find_project = false\n"
        "asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *lean_pytest.plugins("django"), "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=lean_pytest.environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout[-5000:] + ended.stderr[-1000:]
    assert " passed" in ended.stdout
