"""``jobs.broker_down``: enqueues that find no broker."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project, captured


@pytest.mark.parametrize("backend", ["inline", "fakeredis"])
def test_an_enqueue_fails_and_stores_nothing(project: Project, backend: str) -> None:
    project.passes(
        """
        def test_the_first_by_default(jobs):
            with jobs.broker_down():
                with pytest.raises(jobkit.BackendUnavailable):
                    remind.enqueue(1)
                remind.enqueue(2)
            assert jobs.enqueued == [remind.call(2)]
            jobs.perform()
            assert done == [("remind", 2)]

        def test_the_nth_and_so_many(jobs):
            with jobs.broker_down(at=2, count=2):
                remind.enqueue(1)
                for n in (2, 3):
                    with pytest.raises(jobkit.BackendUnavailable):
                        remind.enqueue(n)
                remind.enqueue(4)
            assert jobs.enqueued == [remind.call(1), remind.call(4)]

        def test_a_batch_is_one(jobs):
            with jobs.broker_down(at=2):
                app.enqueue_many([remind.call(1), remind.call(2), remind.call(3)])
                with pytest.raises(jobkit.BackendUnavailable):
                    app.enqueue_many([remind.call(4), remind.call(5)])
            assert len(jobs.enqueued) == 3 and jobs.enqueued.count(remind) == 3

        async def test_awaited_ones_too(jobs):
            with jobs.broker_down():
                with pytest.raises(jobkit.BackendUnavailable):
                    await remind.aenqueue(1)
            assert jobs.enqueued == []

        def test_only_inside_the_block(jobs):
            with jobs.broker_down(count=5):
                with pytest.raises(jobkit.BackendUnavailable):
                    remind.enqueue(1)
            assert remind.enqueue(1)
            jobs.perform()
            assert remind in jobs.performed

        def test_inside_a_job(jobs):
            send_welcome.enqueue(1)
            with jobs.broker_down(), pytest.raises(jobkit.BackendUnavailable):
                jobs.perform()
            assert done == [("send_welcome", 1)] and jobs.enqueued == [send_welcome]
        """,
        f"--jobkit-backend={backend}",
    )


def test_an_outage_that_nobody_met_is_an_error(project: Project) -> None:
    project.passes("""
        def test_it(jobs):
            with pytest.raises(AssertionError, match=r"broker_down\\(at=2\\) failed nothing: only 1 enqueue was"):
                with jobs.broker_down(at=2):
                    remind.enqueue(1)
            with pytest.raises(ZeroDivisionError):
                with jobs.broker_down():
                    1 / 0
            for nonsense in ({"at": 0}, {"count": 0}):
                with pytest.raises(ValueError, match="counts enqueues from 1"):
                    jobs.broker_down(**nonsense)
            jobs.ignore(remind)
    """)


def test_the_timeline_tells_of_it(project: Project) -> None:
    result = project.run("""
        def test_it(jobs):
            with jobs.broker_down():
                remind.enqueue(1)
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E*BackendUnavailable: jobs.broker_down(): enqueue 1 inside this block finds no broker"]
    )
    assert captured(result) == ["- an enqueue found the broker down, as jobs.broker_down() asked, at test_it.py:14"]
