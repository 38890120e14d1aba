"""Which conversations agents are asked to judge: a small share, drawn by chance and by nothing else, once they have ended."""

from __future__ import annotations

import hashlib

from helpdesk.events import consumer
from helpdesk.models import Event, SiteSettings
from learning.models import Audit, Decision


@consumer("audits", {"ticket.solved", "ticket.resolved"})
def draw(event: Event) -> None:
    """The first decision of the ticket, whatever came of it: were only doubtful ones drawn, nothing would follow for the rest."""
    if event.ticket is None:
        return
    first = Decision.objects.first_of_tickets().filter(ticket=event.ticket, source__isnull=False).order_by("pk").first()
    if first is not None and is_drawn(first.pk, SiteSettings.load().audit_share):
        Audit.objects.get_or_create(decision=first, defaults={"drawn_at": event.at})


def is_drawn(decision: int, share: float) -> bool:
    """By a hash of its number: the same however often it is asked, and for a larger share all of a smaller one and more."""
    digest = hashlib.sha256(f"audit {decision}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64
