"""Who is written to when something happens, and who is not: not those who have read it here meanwhile, and nobody for imported history."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from helpdesk.events import consumer
from helpdesk.mail import composing
from helpdesk.models import Customer, Event, Message, Outbox, Resolution, SignInCode, SiteSettings, Ticket
from helpdesk.outbox import NotNeeded, send_mail, sender

PATIENCE = dt.timedelta(minutes=1)  # who has the page open reads it there
HISTORY = dt.timedelta(hours=1)
ASKED_EVERY = dt.timedelta(days=14)
AUTOMATIC_EVERY = dt.timedelta(hours=1)  # one automatic mail an address: nobody's mailbox is flooded through us


@consumer("mail", {"message.replied", "message.copied", "ticket.handed_off", "ticket.resolved"})
def notify(event: Event) -> None:
    if event.ticket is None or event.recorded_at - event.at > HISTORY:
        return
    if event.verb in {"message.replied", "message.copied"}:
        announce_reply(event, event.ticket)
    elif event.verb == "ticket.resolved":
        ask_rating(event, event.ticket)
    else:
        acknowledge(event, event.ticket)


def announce_reply(event: Event, ticket: Ticket) -> None:
    """To whoever asked, and to those in copy: each a mail of their own, so that nobody learns who else gets it."""
    if ticket.channel == Ticket.Channel.API:
        return
    payload, due = {"message": event.data["message"]}, timezone.now() + PATIENCE
    if address := ticket.customer.address:
        Outbox.enqueue("reply_mail", to=address, payload=payload, key=f"reply:{event.pk}", at=due, message=payload["message"])
    for each in ticket.participants.select_related("customer"):
        if copied := each.address:
            key = f"reply:{event.pk}:{each.customer_id}"
            Outbox.enqueue("copy_mail", to=copied, payload=payload, key=key, message=payload["message"])


def acknowledge(event: Event, ticket: Ticket) -> None:
    customer = ticket.customer
    if ticket.channel != Ticket.Channel.PORTAL or not customer.is_verified or customer.email is None:
        return
    # Two hand-offs at once meet at this lock.
    Customer.objects.select_for_update().get(pk=customer.pk)
    lately = Outbox.objects.filter(
        to=customer.email, idempotency_key__startswith="received:", created_at__gt=timezone.now() - AUTOMATIC_EVERY
    )
    if not lately.exists():
        Outbox.enqueue("mail", to=customer.email, payload=composing.received(ticket), key=f"received:{ticket.pk}")


def ask_rating(event: Event, ticket: Ticket) -> None:
    """Once a ticket, where people have solved it; whoever told the assistant that it was solved has said enough."""
    site, address = SiteSettings.load(), ticket.customer.email
    if event.data.get("how") != Resolution.Kind.BY_AGENT or not site.asks_rating or ticket.channel == Ticket.Channel.API or address is None:
        return
    due = timezone.now() + dt.timedelta(hours=site.rating_hours)
    Outbox.enqueue("rating_mail", to=address, payload={"ticket": ticket.pk}, key=f"rating:{ticket.pk}", at=due)


def send_transcript(ticket: Ticket, *, at: dt.datetime) -> None:
    key = f"transcript:{ticket.pk}:{at:%Y%m%d%H}"
    Outbox.enqueue("mail", to=ticket.customer.email or "", payload=composing.transcript(ticket), key=key)


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
    if message is None or message.ticket.customer_read_seq >= message.seq:
        raise NotNeeded
    send(row, composing.replied(message))


@sender("copy_mail")
def send_copy(row: Outbox) -> None:
    message = Message.objects.public().select_related("ticket__customer", "user").filter(pk=row.payload["message"]).first()
    if message is None or row.to not in {each.address for each in message.ticket.participants.select_related("customer")}:
        raise NotNeeded
    send(row, composing.copied(message))


@sender("rating_mail")
def send_rating(row: Outbox) -> None:
    """Not to those who have rated it meanwhile, whose question is open again, or who were asked in the last fortnight."""
    ticket = Ticket.objects.select_related("customer").filter(pk=row.payload["ticket"], state=Ticket.State.RESOLVED, rating=None).first()
    lately = Outbox.objects.filter(kind="rating_mail", to=row.to, sent_at__gt=timezone.now() - ASKED_EVERY).exclude(pk=row.pk)
    if ticket is not None and ticket.customer.is_verified and not lately.exists():
        send(row, composing.rating(ticket))


def send(row: Outbox, payload: dict[str, str]) -> None:
    """The text is made only now, and not kept."""
    row.payload = payload
    send_mail(row)
