"""From the commit to whoever must know."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from helpdesk import events, live, nudge
from helpdesk.models import Event
from helpdesk.signals import event_recorded, outbox_filled


@receiver(event_recorded)
def start_consumers(sender: Any, event: Event, **kwargs: Any) -> None:
    events.announce(event)


@receiver(event_recorded)
def hint_screens(sender: Any, event: Event, **kwargs: Any) -> None:
    ticket = event.ticket
    if ticket is None or events.is_inline():
        return
    payload = {"kind": "ticket", "number": ticket.pk, "verb": event.verb}
    live.hint(live.agents_group(ticket.team_id if ticket.team and ticket.team.is_private else None), payload)
    live.hint(live.ticket_group(ticket.pk), payload)


@receiver(outbox_filled)
def send_soon(sender: Any, outbox_id: int, **kwargs: Any) -> None:
    from helpdesk.tasks import send_outbox

    if not events.is_inline():
        nudge.soon(send_outbox, outbox_id)
