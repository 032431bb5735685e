"""Two plain views, which enqueue when their transaction commits, and an asynchronous one."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, JsonResponse

from helpdesk.jobs import PATIENCE, acknowledge, escalate, send_answer
from helpdesk.models import Ticket
from helpdesk.tasks import report_open_tickets
from jobkit.integrations.django import on_commit


@transaction.atomic
def open_ticket(request: HttpRequest) -> JsonResponse:
    """The jobs are enqueued in one step once the ticket is committed, and not at all if it never is."""
    ticket = Ticket.objects.create(email=request.POST["email"], subject=request.POST["subject"])
    on_commit(
        acknowledge.call(ticket.pk),
        escalate.using(delay=PATIENCE, key=f"escalate:{ticket.pk}").call(ticket.pk),
    )
    return JsonResponse({"ticket": ticket.pk}, status=201)


async def answer(request: HttpRequest, ticket_id: int) -> JsonResponse:
    """Stores the answer, then awaits the enqueue."""
    await Ticket.objects.filter(pk=ticket_id).aupdate(answer=request.POST["answer"])
    receipt = await send_answer.aenqueue(ticket_id)
    return JsonResponse({"job": receipt.id})


def report(request: HttpRequest) -> JsonResponse:
    """A task of Django's, enqueued as Django's documentation says."""
    result = report_open_tickets.enqueue(to=request.POST["to"])
    return JsonResponse({"task": result.id, "status": result.status})
