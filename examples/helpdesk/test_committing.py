"""With Django's ``TransactionTestCase``: transactions commit and roll back as in production."""

from __future__ import annotations

import pytest
from django.core import mail
from django.db import transaction
from django.test import TransactionTestCase

import jobkit
from helpdesk.jobs import acknowledge, escalate, send_answer
from helpdesk.models import Ticket
from jobkit.integrations.django import on_commit
from pytest_jobkit import Jobs


class Committing(TransactionTestCase):
    jobs: Jobs

    @pytest.fixture(autouse=True)
    def _jobs(self, jobs: Jobs) -> None:
        self.jobs = jobs

    def test_a_ticket_s_jobs_leave_in_one_step_with_its_commit(self) -> None:
        self.client.post("/tickets/", {"email": "ada@example.org", "subject": "Where is my order?"})
        assert self.jobs.enqueued == [acknowledge, escalate]

    def test_what_is_rolled_back_has_no_jobs(self) -> None:
        def fail() -> None:
            with transaction.atomic():
                on_commit(acknowledge.call(1))
                raise LookupError

        with pytest.raises(LookupError):
            fail()
        assert self.jobs.enqueued == []

    def test_a_savepoint_that_is_rolled_back_drops_only_its_own(self) -> None:
        with transaction.atomic():
            on_commit(acknowledge.call(1))
            with transaction.atomic():
                on_commit(acknowledge.call(2))
                transaction.set_rollback(True)
        assert self.jobs.enqueued == [acknowledge.call(1)]

    def test_what_is_wrong_with_a_call_is_said_before_the_commit(self) -> None:
        @transaction.atomic
        def open_ticket() -> None:
            ticket = Ticket.objects.create(email="ada@example.org", subject="never stored")
            on_commit(acknowledge.call(str(ticket.pk)))  # type: ignore[arg-type]

        with pytest.raises(jobkit.LossyArgument):
            open_ticket()
        assert Ticket.objects.count() == 0

    def test_the_store_of_the_jobs_is_down(self) -> None:
        """The data is committed by then; whoever must not lose a job keeps it in the same database."""
        with self.jobs.broker_down(), pytest.raises(jobkit.BackendUnavailable):
            self.client.post("/tickets/", {"email": "ada@example.org", "subject": "Anybody there?"})
        assert Ticket.objects.count() == 1
        assert self.jobs.enqueued == []

    def test_an_asynchronous_job_reads_what_is_committed(self) -> None:
        ticket = Ticket.objects.create(email="ada@example.org", subject="Well?", answer="On its way.")
        send_answer.enqueue(ticket.pk)
        self.jobs.perform()
        assert [each.body for each in mail.outbox] == ["On its way."]
