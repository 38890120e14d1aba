"""Signals that cross an app's border. Sent on commit, with ids only; the Event row is the truth, the signal a nudge."""

from django.dispatch import Signal

# event_id: int, verb: str, ticket_id: int | None
event_recorded = Signal()

# outbox_id: int
outbox_filled = Signal()
