"""The link by which a customer may rate one ticket without signing in: signed, good for nothing else, and for a month."""

from __future__ import annotations

import datetime as dt

from django.core import signing

from helpdesk.models import Ticket

LIFETIME = dt.timedelta(days=30)
_SALT = "helpdesk.rating"


def rating_token(ticket: Ticket) -> str:
    return signing.dumps([ticket.pk, ticket.customer_id], salt=_SALT)


def rateable(token: str) -> Ticket | None:
    """None for a link that is too old, not ours, or of a ticket that has gone to somebody else or away."""
    try:
        number, customer = signing.loads(token, salt=_SALT, max_age=LIFETIME)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Ticket.objects.select_related("customer").filter(pk=number, customer=customer).exclude(state=Ticket.State.SPAM).first()
