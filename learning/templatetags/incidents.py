"""What pages of the layers below and beside say of incidents: one bounded query each, none where nothing is asked."""

from __future__ import annotations

from typing import Any

from django import template

from helpdesk.models import Customer, Ticket
from learning.models import Incident
from learning.notices import notice_for

register = template.Library()


@register.inclusion_tag("learning/_strip.html")
def incident_strip(ticket: Ticket) -> dict[str, Any]:
    """In the inbox, above the thread of a linked ticket."""
    return {"incident": Incident.objects.filter(reports__ticket=ticket).first()}


@register.inclusion_tag("learning/_notice.html")
def incident_notice(ticket: Ticket) -> dict[str, Any]:
    """In the portal, above a question that an open incident explains."""
    if ticket.is_resolved:
        return {}
    return {"incident": Incident.objects.open().exclude(public_text="").filter(reports__ticket=ticket).first()}


@register.inclusion_tag("learning/_notice.html")
def incident_notice_asking(customer: Customer | None, question: str | None) -> dict[str, Any]:
    """Where somebody is about to ask: for who is affected, and for who has typed something near."""
    return {"incident": notice_for(customer, question)}


@register.simple_tag
def open_incidents() -> int:
    """For the count in the navigation."""
    return Incident.objects.open().count()
