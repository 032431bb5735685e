"""``jobs.run``: one job through the whole pipeline."""

from __future__ import annotations

from tests.plugin.conftest import Project


def test_it_says_what_came_of_one_job(project: Project) -> None:
    project.passes("""
        def test_it_ran(jobs):
            outcome = jobs.run(charge.call(order_id=5))
            assert (outcome.state, outcome.value, outcome.error) == ("succeeded", 10, None)
            assert outcome.entry.attempt == 1 and outcome.entry == charge.call(5)

        def test_its_error_stands_in_the_outcome(jobs):
            outcome = jobs.run(charge.call(14))
            assert outcome.state == "dead" and isinstance(outcome.error, ValueError)
            assert outcome.reason.startswith("ValueError: bad order")

        def test_as_any_attempt(jobs):
            first, last = jobs.run(charge.call(13)), jobs.run(charge.call(13), attempt=3)
            assert (first.state, first.retry_in) == ("retrying", 2)
            assert (last.state, last.retry_in) == ("dead", None)
            assert jobs.run(charge.call(5), attempt=99).state == "dead"

        def test_its_children(jobs):
            outcome = jobs.run(send_welcome.call(1))
            assert push_crm.call(user_id=1) in outcome.children
            assert outcome.children.only().parent == outcome.entry
            assert jobs.enqueued == [push_crm.call(1)] and jobs.pending == [push_crm]
            assert send_welcome not in jobs.enqueued
            assert push_crm.call(2) not in outcome.children

        def test_it_is_logged(jobs):
            jobs.run(push_crm.call(1))
            jobs.run(charge.call(15))
            assert push_crm.call(1) in jobs.performed
            assert jobs.failed.only().state == "discarded"

        async def test_the_twin(jobs):
            outcome = await jobs.arun(send_welcome.call(1))
            assert outcome.state == "succeeded" and push_crm.call(1) in outcome.children

        def test_through_the_coder_and_the_middlewares(jobs):
            seen = []
            def skip_two(context):
                seen.append(context.attempt)
                if context.attempt == 2:
                    raise jobkit.Skip("not twice")
            app.queue("checked", perform=[skip_two])
            @app.job(name="checked", queue="checked")
            def checked(items: list[int]) -> list[int]:
                items.append(3)
                return items
            items = [1, 2]
            assert jobs.run(checked.call(items)).value == [1, 2, 3] and items == [1, 2]
            skipped = jobs.run(checked.call(items), attempt=2)
            assert (skipped.state, skipped.reason) == ("skipped", "not twice")
            assert seen == [1, 2] and len(jobs.performed) == 1

        def test_it_takes_calls_only(jobs):
            for nonsense in (charge, charge.partial(), "charge"):
                with pytest.raises(TypeError, match="run takes job.call"):
                    jobs.run(nonsense)
    """)


def test_performing_without_the_fixture_is_logged_too(project: Project) -> None:
    project.passes("""
        def test_plain(jobs):
            assert push_crm.perform(1).value == "crm:1"
            assert push_crm.call(1) in jobs.performed and jobs.enqueued == []

        async def test_awaited(jobs):
            await send_welcome.aperform(1)
            assert send_welcome.call(1) in jobs.performed
            assert push_crm.call(1).by(send_welcome) in jobs.enqueued

        def test_its_error_was_handed_over(jobs):
            assert charge.perform(14).state == "dead"
            assert charge.call(14) in jobs.dead
    """)
