"""Which conversations agents are asked to judge: a small share, drawn by chance and by nothing else, once they have ended."""

from __future__ import annotations

from helpdesk.events import consumer
from helpdesk.models import Event, SiteSettings
from learning import chance
from learning.models import Audit, Decision


@consumer("audits", {"ticket.solved", "ticket.resolved"})
def draw(event: Event) -> None:
    """The first decision of the ticket, whatever came of it: were only doubtful ones drawn, nothing would follow for the rest."""
    if event.ticket is None:
        return
    first = Decision.objects.first_of_tickets().filter(ticket=event.ticket, source__isnull=False).order_by("pk").first()
    if first is not None and chance.is_in(SiteSettings.load().audit_share, "audit", first.pk):
        Audit.objects.get_or_create(decision=first, defaults={"drawn_at": event.at})
