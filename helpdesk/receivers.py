"""From the commit to whoever must know, and what every connection needs."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from django.db.backends.signals import connection_created
from django.dispatch import receiver

from helpdesk import events, live, nudge, outbox
from helpdesk.models import Event, Merge, merging
from helpdesk.signals import agent_read, event_recorded, outbox_filled

_told: WeakSet[Any] = WeakSet()


@receiver(connection_created)
def search_until_enough(sender: Any, connection: Any, **kwargs: Any) -> None:
    """A search by vectors goes on until it has its rows. Without this it looks at the nearest entries of the index once, and entries of rows that
    were deleted, or that a filter leaves out, count among these: after much rewriting it would find nothing."""
    if connection.vendor == "postgresql" and connection.connection not in _told:  # a pool hands the same ones out again and again
        with connection.cursor() as cursor:
            cursor.execute("SET hnsw.iterative_scan TO relaxed_order")
        _told.add(connection.connection)


@receiver(event_recorded)
def hint_screens(sender: Any, event: Event, **kwargs: Any) -> None:
    ticket = event.ticket
    if ticket is None or events.is_inline():
        return
    payload = {"kind": "ticket", "number": ticket.pk, "verb": event.verb}
    live.hint(live.agents_group(ticket.team_id if ticket.team and ticket.team.is_private else None), payload)
    live.hint(live.ticket_group(ticket.pk), payload)


@receiver(event_recorded)
def start_consumers(sender: Any, event: Event, **kwargs: Any) -> None:
    """After the hint: nobody need wait for what follows from an event to see that it happened."""
    events.announce(event)


@receiver(agent_read)
def clear_elsewhere(sender: Any, reader_id: int, number: int, **kwargs: Any) -> None:
    """Read on one screen is read on all screens of that agent, and who wrote sees that it was."""
    if not events.is_inline():
        live.hint(live.user_group(reader_id), {"kind": "seen", "number": number})
        live.hint(live.ticket_group(number), {"kind": "read", "number": number})


@receiver(outbox_filled)
def send_soon(sender: Any, outbox_id: int, message_id: int | None = None, **kwargs: Any) -> None:
    from helpdesk.tasks import send_outbox

    if events.is_inline():
        return
    nudge.soon(send_outbox, outbox_id)
    if message_id is not None:
        outbox.tell_screens(message_id)


@events.consumer("merged", {"message.said", "message.replied"}, here=lambda: True)
def keep_merged_together(event: Event) -> None:
    """What is said in a ticket that was merged into another one, or in that one, goes on to where it belongs."""
    if event.ticket is None:
        return
    if event.verb == "message.said":
        if event.ticket.merged_into_id:
            merging.follow(event.ticket.message(event.data["message"]), at=event.at)
    elif Merge.objects.standing().filter(target=event.ticket).exists():
        merging.hand_round(event.ticket.message(event.data["message"]), at=event.at)
