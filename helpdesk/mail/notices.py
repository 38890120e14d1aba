"""Who is written to when something happens, and who is not: not those who have read it here meanwhile, and nobody for imported history."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from helpdesk.events import consumer
from helpdesk.mail import composing
from helpdesk.models import Customer, Event, Message, Outbox, SignInCode, Ticket
from helpdesk.outbox import send_mail, sender

PATIENCE = dt.timedelta(minutes=1)  # who has the page open reads it there
HISTORY = dt.timedelta(hours=1)
AUTOMATIC_EVERY = dt.timedelta(hours=1)  # one automatic mail an address: nobody's mailbox is flooded through us


@consumer("mail", {"message.replied", "ticket.handed_off"})
def notify(event: Event) -> None:
    if event.ticket is None or event.recorded_at - event.at > HISTORY:
        return
    if event.verb == "message.replied":
        announce_reply(event, event.ticket)
    else:
        acknowledge(event, event.ticket)


def announce_reply(event: Event, ticket: Ticket) -> None:
    if ticket.channel == Ticket.Channel.API:
        return
    payload = {"message": event.data["message"]}
    Outbox.enqueue("reply_mail", to=ticket.customer.email, payload=payload, key=f"reply:{event.pk}", at=timezone.now() + PATIENCE)


def acknowledge(event: Event, ticket: Ticket) -> None:
    customer = ticket.customer
    if ticket.channel != Ticket.Channel.PORTAL or not customer.is_verified:
        return
    # Two hand-offs at once meet at this lock.
    Customer.objects.select_for_update().get(pk=customer.pk)
    lately = Outbox.objects.filter(
        to=customer.email, idempotency_key__startswith="received:", created_at__gt=timezone.now() - AUTOMATIC_EVERY
    )
    if not lately.exists():
        Outbox.enqueue("mail", to=customer.email, payload=composing.received(ticket), key=f"received:{ticket.pk}")


def send_code(code: SignInCode) -> None:
    Outbox.enqueue("sign_in_mail", to=code.email, payload={"code": code.pk}, key=f"sign-in:{code.pk}")


@sender("sign_in_mail")
def send_sign_in(row: Outbox) -> None:
    code = SignInCode.objects.usable(timezone.now()).filter(pk=row.payload["code"]).first()
    if code is not None:
        send(row, composing.sign_in(code))


@sender("reply_mail")
def send_reply(row: Outbox) -> None:
    message = Message.objects.public().select_related("ticket__customer", "user").filter(pk=row.payload["message"]).first()
    if message is not None and message.ticket.customer_read_seq < message.seq:
        send(row, composing.replied(message))


def send(row: Outbox, payload: dict[str, str]) -> None:
    """The text is made only now, and not kept."""
    row.payload = payload
    send_mail(row)
