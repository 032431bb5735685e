"""With Django's ``TestCase``: each test in a transaction that never commits, so its callbacks are run on request."""

from __future__ import annotations

from smtplib import SMTPServerDisconnected
from unittest import mock

import pytest
from django.core import mail
from django.test import TestCase

from helpdesk.jobs import PATIENCE, acknowledge, escalate, send_answer
from helpdesk.models import Ticket
from pytest_jobkit import Jobs


class OpeningATicket(TestCase):
    jobs: Jobs

    @pytest.fixture(autouse=True)
    def _jobs(self, jobs: Jobs) -> None:
        self.jobs = jobs

    def open(self) -> Ticket:
        with self.captureOnCommitCallbacks(execute=True):
            answer = self.client.post("/tickets/", {"email": "ada@example.org", "subject": "Where is my order?"})
        return Ticket.objects.get(pk=answer.json()["ticket"])

    def test_it_is_acknowledged(self) -> None:
        ticket = self.open()
        self.jobs.perform()
        assert acknowledge.call(ticket.pk).on("mail") in self.jobs.performed
        assert [(each.to, each.subject) for each in mail.outbox] == [
            (["ada@example.org"], "We have your question: Where is my order?")
        ]
        self.jobs.ignore(escalate)

    def test_without_an_answer_it_is_escalated(self) -> None:
        ticket = self.open()
        assert escalate.call(ticket.pk).after(PATIENCE).key(f"escalate:{ticket.pk}") in self.jobs.enqueued
        self.jobs.advance(PATIENCE)
        ticket.refresh_from_db()
        assert ticket.escalated
        assert mail.outbox[-1].to == ["chief@example.org"]

    def test_an_answered_one_is_not(self) -> None:
        ticket = self.open()
        Ticket.objects.update(answer="On its way.")
        self.jobs.advance(PATIENCE)
        assert escalate.call(ticket.pk) in self.jobs.performed
        assert not Ticket.objects.get(pk=ticket.pk).escalated

    def test_escalating_twice_tells_the_chief_once(self) -> None:
        ticket = Ticket.objects.create(email="ada@example.org", subject="Twice?")
        for _ in range(2):
            self.jobs.run(escalate.call(ticket.pk))
        assert len(mail.outbox) == 1

    def test_a_mail_server_that_is_down_is_tried_again(self) -> None:
        ticket = self.open()
        with mock.patch("helpdesk.jobs.send_mail", side_effect=SMTPServerDisconnected):
            self.jobs.perform()
        assert acknowledge.call(ticket.pk) in self.jobs.failed
        self.jobs.advance(seconds=3)
        assert acknowledge.call(ticket.pk) in self.jobs.performed
        self.jobs.ignore(escalate)

    def test_an_asynchronous_job_reads_what_the_test_wrote(self) -> None:
        ticket = Ticket.objects.create(email="ada@example.org", subject="Well?", answer="On its way.")
        send_answer.enqueue(ticket.pk)
        self.jobs.perform()
        assert [each.body for each in mail.outbox] == ["On its way."]

    def test_nothing_is_enqueued_before_the_commit(self) -> None:
        self.client.post("/tickets/", {"email": "ada@example.org", "subject": "Still open?"})
        assert self.jobs.enqueued == []
