"""A second matter in a conversation gets a ticket of its own."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils import timezone

from helpdesk import intake
from helpdesk.models import Attachment, Event, Message, Ticket, User


def split(message: Message, *, by: User, subject: str = "", at: dt.datetime | None = None) -> Ticket:
    """What a customer wrote opens a ticket of theirs; it stays where it was said as well. The same message splits off once."""
    ticket, at = message.ticket, at or timezone.now()
    if message.author != Message.Author.CUSTOMER or message.is_note or message.customer is None:
        raise ValidationError("Only what a customer wrote can become a ticket of its own.", code="not_theirs")
    if message.seq == 1:
        raise ValidationError("This is what the ticket is about. Split off something that was said later.", code="first")
    with ticket.locked():
        before = ticket.events.filter(verb="ticket.split", data__message=message.pk).first()
        if before:
            return Ticket.objects.get(pk=before.data["to"])
        files = Attachment.copies_of(message, by=message.customer)
        new = intake.open_ticket(
            customer=message.customer,
            body=message.body or f"Sent {', '.join(each.name for each in files)}",
            subject=subject,
            channel=ticket.channel,
            context={name: value for name, value in ticket.context.items() if name != "segment"},
            team=ticket.team,
            handler=Ticket.Handler.TEAM,
            split_from=ticket,
            attachments=[each.key for each in files],
            at=at,
        )
        new.assign(to=by, by=by, at=at)
        Event.record("ticket.split", by=by, ticket=ticket, at=at, message=message.pk, seq=message.seq, to=new.pk)
        Event.record("ticket.split_off", by=by, ticket=new, at=at, source=ticket.pk, seq=message.seq)
    return new
