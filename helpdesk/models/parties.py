"""Who a ticket is about and who else gets its replies. Nobody new reads what was said before, but where an agent says so."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils import timezone

from helpdesk import formatting
from helpdesk.models.events import Event
from helpdesk.models.people import Customer, User, find_or_create_customer

if TYPE_CHECKING:
    from helpdesk.models.messages import Message
    from helpdesk.models.tickets import Ticket

MOST_COPIES = 20


class Parties:
    """Mixed into Ticket."""

    def copy_in(self, email: str, *, by: User, at: dt.datetime | None = None) -> Participant | None:
        """Gets every reply from now on, by mail to this address; no door opens for them. None when they get them already.

        In copy at another of their addresses: from now on at this one.
        """
        ticket, at, email = _ticket(self), at or timezone.now(), clean_address(email)
        customer = find_or_create_customer(email, at=at)
        with ticket.locked():
            joined = ticket.participants.filter(customer=customer).first()
            if customer.pk == ticket.customer_id or (joined and joined.address == email):
                return None
            if joined is None and ticket.participants.count() >= MOST_COPIES:
                raise ValidationError(f"{MOST_COPIES} people are in copy already.", code="too_many")
            joined = joined or Participant(ticket=ticket, customer=customer, by=by, at=at)
            joined.email = email
            joined.save()
            Event.record("ticket.copied_in", by=by, ticket=ticket, at=at, customer=customer.pk, name=customer.name, email=email)
        return joined

    def leave_out(self, customer: Customer, *, by: User, at: dt.datetime | None = None) -> bool:
        ticket, at = _ticket(self), at or timezone.now()
        with ticket.locked():
            if not ticket.participants.filter(customer=customer).delete()[0]:
                return False
            Event.record("ticket.left_out", by=by, ticket=ticket, at=at, customer=customer.pk, name=customer.name)
        return True

    def change_requester(
        self,
        to: Customer,
        *,
        by: User,
        shares: bool = False,
        keeps_copy: bool = True,
        subject: str = "",
        at: dt.datetime | None = None,
    ) -> bool:
        """From now on it is theirs. `shares`: they read what was said before; else the ticket begins for them with the next message."""
        from helpdesk.models.held import say_at_once

        ticket, at = _ticket(self), at or timezone.now()
        with ticket.locked():
            before = ticket.customer
            if to.pk == before.pk:
                return False
            say_at_once(ticket, at=at)
            ticket.customer, ticket.organisation = to, to.organisation
            ticket.shown_from = 0 if shares else ticket.last_seq + 1
            ticket.subject = formatting.clean_line(subject) or ticket.subject
            ticket.customer_read_seq = ticket.last_seq
            if not shares:
                ticket.last_preview = ""
            ticket.touch(at, also=["customer", "organisation", "shown_from", "subject", "customer_read_seq", "last_preview"])
            ticket.participants.filter(customer=to).delete()
            if keeps_copy and before.address:
                Participant.objects.get_or_create(ticket=ticket, customer=before, defaults={"by": by, "at": at})
            Event.record("ticket.requester_changed", by=by, ticket=ticket, at=at, before=before.pk, to=to.pk, name=to.name, shares=shares)
        return True

    def forward(self, message: Message, *, to: str, body: str, by: User, at: dt.datetime | None = None) -> Message:
        """This one message to somebody outside, with a word of one's own; colleagues see that it went. Notes never leave the house."""
        from helpdesk.mail import composing
        from helpdesk.models.outbox import Outbox

        ticket, at, to = _ticket(self), at or timezone.now(), clean_address(to)
        if message.ticket_id != ticket.pk or message.is_note:
            raise ValidationError("Only what was said between you and a customer can be forwarded.", code="note")
        body = formatting.clean_text(body) if body.strip() else ""
        with ticket.locked():
            words = f"Forwarded what {message.author_name} wrote to {to}." + (f"\n\n{body}" if body else "")
            note = ticket.append("agent", words, by=by, at=at, is_note=True, meta={"forwarded": message.pk})
            payload = composing.forwarded(message, body=body, by=by)
            Outbox.enqueue("mail", to=to, payload=payload, key=f"forward:{note.pk}", message=note.pk)
            Event.record("message.forwarded", by=by, ticket=ticket, at=at, message=message.pk, seq=note.seq, to=to)
        return note


class Participant(models.Model):
    """In copy."""

    ticket = models.ForeignKey("helpdesk.Ticket", on_delete=models.CASCADE, related_name="participants")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(blank=True, help_text="Which of their addresses; empty: the first")
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["ticket", "customer"], name="in_copy_once")]

    def __str__(self) -> str:
        return f"{self.customer_id} in copy of #{self.ticket_id}"

    @property
    def address(self) -> str:
        return self.email or self.customer.address


def clean_address(email: str) -> str:
    """One address and nothing else: no name, no second line, no list."""
    email = email.strip()
    validate_email(email)
    return email.lower()


def _ticket(mixin: object) -> Ticket:
    return cast("Ticket", mixin)
