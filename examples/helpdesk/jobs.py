"""What the helpdesk does later. The backend comes from ``JOBKIT_BACKEND``, or from the test run."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPException

from django.core.mail import send_mail

import jobkit
from helpdesk.models import Ticket
from jobkit.integrations.django import connections

app = jobkit.App(perform=[connections])
app.queue("mail")

PATIENCE = timedelta(days=2)
"""How long a ticket may wait for its answer."""


@app.job(queue="mail", retry=jobkit.Retry(attempts=5, on=(SMTPException, ConnectionError)))
def acknowledge(ticket_id: int) -> None:
    ticket = Ticket.objects.get(pk=ticket_id)
    send_mail(f"We have your question: {ticket.subject}", "An answer follows.", None, [ticket.email])


@app.job(queue="mail", discard=Ticket.DoesNotExist)
async def send_answer(ticket_id: int) -> None:
    """An asynchronous job, with Django's asynchronous queries."""
    ticket = await Ticket.objects.aget(pk=ticket_id)
    send_mail(f"Re: {ticket.subject}", ticket.answer, None, [ticket.email])


@app.job
def escalate(ticket_id: int) -> None:
    """Changes only what is still open, so that performing it twice changes nothing."""
    if Ticket.objects.filter(pk=ticket_id, answer="", escalated=False).update(escalated=True):
        send_mail("A ticket waits", f"Ticket {ticket_id} has no answer.", None, ["chief@example.org"])
