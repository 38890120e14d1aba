"""From the commit to whoever must know."""

from __future__ import annotations

import logging
from typing import Any

from django.dispatch import receiver

from helpdesk import events, live
from helpdesk.models import Event
from helpdesk.signals import event_recorded, outbox_filled

logger = logging.getLogger(__name__)


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

    if events.is_inline():
        return
    try:
        send_outbox.delay(outbox_id)
    except Exception:  # whatever the broker's client raises: the timetable drains the outbox
        logger.warning("Could not queue outbox %s; the timetable will send it.", outbox_id)
