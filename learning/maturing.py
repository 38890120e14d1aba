"""Held signals count once their window has closed without a word."""

from __future__ import annotations

import datetime as dt

from helpdesk.models import Ticket
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


def _mature(signal: Signal) -> bool:
    ticket, due = signal.decision.ticket, signal.due_at
    if ticket is None or due is None or not ledger.mature(signal, at=due):
        return False
    if ticket.is_with_assistant and ticket.state in {Ticket.State.OPEN, Ticket.State.WAITING}:
        ticket.resolve(how="assumed", at=due)
    return True
