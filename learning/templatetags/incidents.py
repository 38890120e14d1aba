"""What pages of the layers below and beside say of incidents: one bounded query each, none where nothing is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
from django import template
from django.utils import timezone

from helpdesk.models import Customer, Ticket
from helpdesk.search.embedder import EmbedderUnavailable, embed_one
from learning import bursts
from learning.models import Incident
from learning.wording import words

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
    known = Incident.objects.told_to(customer).order_by("-raised_at").first() if customer else None
    return {"incident": known or (_near(question) if question and question.strip() else None)}


@register.simple_tag
def open_incidents() -> int:
    """For the count in the navigation."""
    return Incident.objects.open().count()


def _near(question: str) -> Incident | None:
    known = list(Incident.objects.gathering(timezone.now()).open().exclude(public_text="")[:10])
    if not known:
        return None
    try:
        vector = embed_one(question)
    except EmbedderUnavailable:
        return None
    asked = words(question)
    return next(
        (
            each
            for each in known
            if bursts.is_near(vector, asked, np.asarray(each.centre, np.float32), frozenset(each.report.get("words", [])))
        ),
        None,
    )
