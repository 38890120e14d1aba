"""Sending what waits in the outbox. One row is sent by one worker; an idempotency key makes a second send harmless where the peer allows."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone

from helpdesk import live
from helpdesk.models import Message, Outbox

logger = logging.getLogger(__name__)


class NotNeeded(Exception):
    """Meanwhile nobody has to be written to."""


Sender = Callable[[Outbox], None]
_senders: dict[str, Sender] = {}


def sender(kind: str) -> Callable[[Sender], Sender]:
    """Register how a kind of outbox row leaves. Raise to have it tried again later."""

    def register(send: Sender) -> Sender:
        _senders[kind] = send
        return send

    return register


def send(outbox_id: int, *, now: dt.datetime | None = None) -> bool:
    """Send one row if it is still waiting and nobody else is at it."""
    now = now or timezone.now()
    with transaction.atomic():
        row = Outbox.objects.due(now).select_for_update(skip_locked=True).filter(pk=outbox_id).first()
        if row is None:
            return False
        if row.message_id:
            transaction.on_commit(partial(tell_screens, row.message_id))
        try:
            _senders[row.kind](row)
        except NotNeeded:
            row.mark_skipped(now)
            return True
        except Exception as error:
            logger.warning("Outbox %s (%s) failed: %s", row.pk, row.kind, error)
            row.mark_failed(f"{type(error).__name__}: {error}", now)
            return False
        row.mark_sent(now)
    return True


def tell_screens(message_id: int) -> None:
    """How far the mails of this message have come is to be looked at again."""
    for ticket, seq in Message.objects.filter(pk=message_id).values_list("ticket_id", "seq"):
        live.hint(live.inside_group(ticket), {"kind": "delivery", "number": ticket, "seq": seq})


def drain(*, now: dt.datetime | None = None, limit: int = 200) -> int:
    now = now or timezone.now()
    return sum(send(pk, now=now) for pk in Outbox.objects.due(now).order_by("next_at").values_list("pk", flat=True)[:limit])


@sender("mail")
def send_mail(row: Outbox) -> None:
    """Payload: subject, text, html?. The Message-ID follows from the row, so that a mail sent twice is one mail to its reader."""
    domain = settings.SITE_URL.split("//")[-1].split(":")[0]
    mail = EmailMultiAlternatives(
        subject=row.payload["subject"],
        body=row.payload["text"],
        to=[row.to],
        headers={
            "Message-ID": f"<outbox-{row.pk}-{row.created_at:%Y%m%d%H%M%S%f}@{domain}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    if row.payload.get("html"):
        mail.attach_alternative(row.payload["html"], "text/html")
    mail.send()
