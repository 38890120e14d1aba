"""Signals that cross an app's border. Sent on commit; the Event row is the truth, the signal a nudge."""

from django.dispatch import Signal

# event: Event, with the ticket of whoever recorded it
event_recorded = Signal()

# outbox_id: int
outbox_filled = Signal()
