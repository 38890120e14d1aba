"""The ledger."""

from __future__ import annotations

import datetime as dt

from helpdesk.models import Event
from learning.models import Decision


def draft_sent(decision: Decision, *, event: Event, drafted: str, sent: str, at: dt.datetime) -> None:
    """An agent used the assistant's draft."""
