"""What customers are told of a running incident before they ask: those it has reached, and those whose words are near it."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.dispatch import receiver
from django.utils import timezone

from helpdesk.models import Customer
from helpdesk.search.embedder import EmbedderUnavailable, embed_one
from helpdesk.signals import notice_wanted
from learning import bursts
from learning.models import Incident
from learning.wording import words


def notice_for(customer: Customer | None, text: str | None) -> Incident | None:
    known = Incident.objects.told_to(customer).order_by("-raised_at").first() if customer else None
    return known or (_near(text) if text and text.strip() else None)


@receiver(notice_wanted)
def tell(sender: Any, customer: Customer | None, text: str, **kwargs: Any) -> str:
    incident = notice_for(customer, text)
    return incident.public_text if incident else ""


def _near(text: str) -> Incident | None:
    known = list(Incident.objects.gathering(timezone.now()).open().exclude(public_text="")[:10])
    if not known:
        return None
    try:
        vector = embed_one(text)
    except EmbedderUnavailable:
        return None
    asked = words(text)
    return next(
        (
            each
            for each in known
            if bursts.is_near(vector, asked, np.asarray(each.centre, np.float32), frozenset(each.report.get("words", [])))
        ),
        None,
    )
