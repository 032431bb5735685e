"""Where the views are found."""

from __future__ import annotations

from django.urls import path

from helpdesk import views

urlpatterns = [
    path("tickets/", views.open_ticket),
    path("tickets/<int:ticket_id>/answer/", views.answer),
    path("report/", views.report),
]
