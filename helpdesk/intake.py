"""How a question becomes a ticket, whatever door it came through."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from helpdesk import formatting
from helpdesk.models import Attachment, Customer, Event, Tag, Team, Ticket

CONTEXT_KEYS = {"page", "title", "error", "locale", "viewport", "segment", "actions", "product"}
CONTEXT_LIMIT = 2_000  # characters a value


@transaction.atomic
def open_ticket(
    *,
    customer: Customer,
    body: str,
    subject: str = "",
    channel: str = Ticket.Channel.PORTAL,
    context: dict[str, Any] | None = None,
    team: Team | None = None,
    handler: str = Ticket.Handler.ASSISTANT,
    tags: list[str] | None = None,
    client_msg_id: str = "",
    split_from: Ticket | None = None,
    attachments: Sequence[str] = (),
    at: dt.datetime | None = None,
) -> Ticket:
    """The first message and its ticket. The same `client_msg_id` of the same customer opens one ticket, however often it is sent.
    `attachments`: keys of files that the customer has put down."""
    at = at or timezone.now()
    if attachments and not body.strip():
        raise ValidationError("Say in a few words what the file shows.", code="empty")
    body = formatting.clean_text(body, what="The question")
    if client_msg_id and (already := _opened_before(customer, client_msg_id)):
        return already
    files = Attachment.claim(attachments, by=customer) if attachments else []
    ticket = Ticket(
        subject=formatting.clean_line(subject or formatting.plain(body)) or "No subject",
        customer=customer,
        organisation=customer.organisation,
        channel=channel,
        handler=handler,
        team=team,
        tags=tags or [],
        context={**_clean_context(context or {}), "segment": customer.segment},
        opened_at=at,
        updated_at=at,
        waiting_since=at,
    )
    Tag.know(ticket.tags)
    message = ticket.append("customer", body, by=customer, at=at, client_msg_id=client_msg_id, files=files)
    told = {"message": message.pk, "seq": message.seq, "channel": channel, **({"split_from": split_from.pk} if split_from else {})}
    Event.record("ticket.opened", by=customer, ticket=ticket, at=at, **told)
    return ticket


def _opened_before(customer: Customer, client_msg_id: str) -> Ticket | None:
    # Two tabs sending the same form at once meet at this lock; the second finds the first's ticket.
    Customer.objects.select_for_update().get(pk=customer.pk)
    return Ticket.objects.filter(customer=customer, messages__client_msg_id=client_msg_id, messages__seq=1).first()


def _clean_context(context: dict[str, Any]) -> dict[str, Any]:
    """Only what is known, and short: it comes from a browser."""
    known = {key: value for key, value in context.items() if key in CONTEXT_KEYS and value not in (None, "")}
    return {key: value[:CONTEXT_LIMIT] if isinstance(value, str) else value for key, value in known.items()}
