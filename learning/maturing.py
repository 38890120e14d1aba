"""What time decides: held signals count once their window has closed without a word, and what nobody answered is let go."""

from __future__ import annotations

import datetime as dt

from django.db.models import F

from helpdesk.models import SiteSettings, Ticket
from learning import ledger
from learning.models import Signal

BATCH = 500


def mature(at: dt.datetime) -> int:
    """Let every held signal that is due by `at` count, oldest first, and close its ticket as assumed. How many did."""
    due = list(Signal.objects.due(at).order_by("due_at", "pk").values_list("pk", flat=True)[:BATCH])
    if not due:
        return 0
    signals = Signal.objects.select_related("decision__customer", "decision__ticket").defer("decision__vector").in_bulk(due)
    return sum(_mature(signals[pk]) for pk in due if pk in signals)


def let_go(at: dt.datetime) -> int:
    """Close as abandoned what the assistant asked back and nobody answered until the window closed: no person was needed, and nothing was solved."""
    closed = at - dt.timedelta(hours=SiteSettings.load().assumed_hours)
    theirs = Ticket.objects.filter(handler=Ticket.Handler.ASSISTANT, state__in=[Ticket.State.OPEN, Ticket.State.WAITING])
    asked = theirs.filter(updated_at__lte=closed, messages__seq=F("last_seq"), messages__meta__kind="clarify")
    return sum(ticket.resolve(how="abandoned", at=at) is not None for ticket in asked.order_by("updated_at", "pk")[:BATCH])


def _mature(signal: Signal) -> bool:
    ticket, due = signal.decision.ticket, signal.due_at
    if ticket is None or due is None or not ledger.mature(signal, at=due):
        return False
    if ticket.is_with_assistant and ticket.state in {Ticket.State.OPEN, Ticket.State.WAITING}:
        ticket.resolve(how="assumed", at=due)
    return True
