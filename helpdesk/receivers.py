"""From the commit to whoever must know."""

from __future__ import annotations

import logging
from typing import Any

from django.dispatch import receiver

from helpdesk import events, live
from helpdesk.models import Ticket
from helpdesk.signals import event_recorded, outbox_filled

logger = logging.getLogger(__name__)


@receiver(event_recorded)
def start_consumers(sender: Any, event_id: int, verb: str, ticket_id: int | None, **kwargs: Any) -> None:
    events.announce(event_id, verb)


@receiver(event_recorded)
def hint_screens(sender: Any, event_id: int, verb: str, ticket_id: int | None, **kwargs: Any) -> None:
    if ticket_id is None or events.is_inline():
        return
    payload = {"kind": "ticket", "number": ticket_id, "verb": verb}
    closed_team = Ticket.objects.filter(pk=ticket_id, team__is_private=True).values_list("team_id", flat=True).first()
    live.hint(live.agents_group(closed_team), payload)
    live.hint(live.ticket_group(ticket_id), payload)


@receiver(outbox_filled)
def send_soon(sender: Any, outbox_id: int, **kwargs: Any) -> None:
    from helpdesk.tasks import send_outbox

    if events.is_inline():
        return
    try:
        send_outbox.delay(outbox_id)
    except Exception:  # whatever the broker's client raises: the timetable drains the outbox
        logger.warning("Could not queue outbox %s; the timetable will send it.", outbox_id)
